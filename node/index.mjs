// The package's ES module entry: the same objects as the CommonJS one.
import ringshift from './index.js'

export const { ERROR_KINDS, InvalidationLostError, NO_NODE, RingshiftError, Router, moves } = ringshift
export default ringshift
