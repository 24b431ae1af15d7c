/* Fastify as it comes, with one route that parses JSON and answers the JSON given as argument. Prints its port. */
import Fastify from 'fastify'

const answer = JSON.parse(process.argv[2]!)
const app = Fastify()
app.post('/v2/users/:userId/apps/:appId/concepts', async () => answer)
const address = await app.listen({ host: '127.0.0.1', port: 0 })
console.log(new URL(address).port)
