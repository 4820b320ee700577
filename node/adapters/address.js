// A node's address as the socket functions want it.
'use strict'

/**
 * @param {string} address `host:port`, `[v6]:port` or the absolute path of a unix socket; the spec was checked
 * @returns {{ host: string, port: number, path?: undefined } | { host?: undefined, port?: undefined, path: string }}
 */
function parseAddress(address) {
  if (address.startsWith('/')) return { path: address }
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  return { host, port: Number(address.slice(colon + 1)) }
}

exports.parseAddress = parseAddress
