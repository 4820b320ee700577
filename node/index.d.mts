// The types of the ES module entry: those of the CommonJS one, and a default export.
export * from './index.js'

import * as ringshift from './index.js'
export default ringshift
