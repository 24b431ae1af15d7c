/* Reads a body and answers so many bytes, to see what the transfer alone costs. Told the size, it prints its port. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

let answer = Buffer.alloc(0)
const server = createServer((req, res) => {
  req.on('data', () => {})
  req.on('end', () => {
    res.writeHead(200, { 'content-length': answer.length })
    res.end(answer)
  })
})

process.on('message', (size: { bytes: number } | 'probe') => {
  if (size === 'probe') return
  answer = Buffer.alloc(size.bytes, 'x')
  server.listen(0, '127.0.0.1', () => {
    console.log((server.address() as AddressInfo).port)
    process.send!('ready')
  })
})
process.channel?.ref()
