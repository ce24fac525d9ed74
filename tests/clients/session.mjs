// A session of ioredis over every command family, against the host:port given. Its data is flushed. Exits with 1 at the
// first reply that is not the expected one.
import assert from 'node:assert/strict'
import Redis from 'ioredis'

const [host, port] = process.argv[2].split(':')
const redis = new Redis({ host, port: Number(port), maxRetriesPerRequest: 1, retryStrategy: () => null })
redis.on('error', (err) => { console.error(err.message); process.exitCode = 1 })

let steps = 0
async function is(call, want) {
  let got
  try {
    got = await call
  } catch (err) {
    got = `error: ${err.message}`
  }
  steps++
  assert.deepEqual(got, want)
}
const wrongType = 'error: WRONGTYPE Operation against a key holding the wrong kind of value'

try {
  // connection
  await is(redis.flushall(), 'OK')
  await is(redis.ping(), 'PONG')
  await is(redis.echo('é\r\n'), 'é\r\n')
  await is(redis.client('SETNAME', 'tester'), 'OK')
  await is(redis.client('GETNAME'), 'tester')
  await is(redis.select(1), 'OK')
  await is(redis.select(0), 'OK')
  await is(redis.select(99), 'error: ERR DB index is out of range')
  assert.match(await redis.info('server'), /redis_version:/)
  assert.equal((await redis.time()).length, 2)
  await is(redis.call('NOSUCH', 'a'), "error: ERR unknown command 'NOSUCH', with args beginning with: 'a' ")

  // generic and expiry
  await is(redis.set('k', 'v', 'EX', 100), 'OK')
  await is(redis.ttl('k'), 100)
  await is(redis.expire('k', 50, 'GT'), 0)
  await is(redis.pexpireat('k', 99999999999999), 1)
  await is(redis.pexpiretime('k'), 99999999999999)
  await is(redis.persist('k'), 1)
  await is(redis.ttl('k'), -1)
  await is(redis.ttl('none'), -2)
  await is(redis.rename('k', 'k2'), 'OK')
  await is(redis.rename('k', 'k2'), 'error: ERR no such key')
  await is(redis.copy('k2', 'k3'), 1)
  await is(redis.type('k2'), 'string')
  await is(redis.object('ENCODING', 'k2'), 'embstr')
  await is(redis.exists('k2', 'k3', 'none'), 2)
  await is(redis.dbsize(), 2)
  const seen = []
  for await (const keys of redis.scanStream({ match: 'k*', count: 1 })) seen.push(...keys)
  assert.deepEqual([...new Set(seen)].sort(), ['k2', 'k3'])
  await is(redis.unlink('k2', 'none'), 1)
  await is(redis.del('k3'), 1)

  // strings
  await is(redis.get('s'), null)
  await is(redis.set('s', '10', 'NX'), 'OK')
  await is(redis.set('s', '11', 'NX'), null)
  await is(redis.incrby('s', 5), 15)
  await is(redis.incrbyfloat('s', 0.5), '15.5')
  await is(redis.incr('s'), 'error: ERR value is not an integer or out of range')
  await is(redis.append('s', '!'), 5)
  await is(redis.getrange('s', -3, -1), '.5!')
  await is(redis.setBuffer('bin', Buffer.from([0, 255, 13, 10])), Buffer.from('OK'))
  await is(redis.getBuffer('bin'), Buffer.from([0, 255, 13, 10]))
  await is(redis.mset({ a: 1, b: 2 }), 'OK')
  await is(redis.mget('a', 'none', 'b'), ['1', null, '2'])
  await is(redis.getdel('a'), '1')
  await is(redis.getex('b', 'EX', 10), '2')
  await is(redis.pipeline().incr('n').incr('n').get('n').exec(), [[null, 1], [null, 2], [null, '2']])
  await is(redis.multi().set('n', 5).incr('n').exec(), [[null, 'OK'], [null, 6]])

  // hashes
  await is(redis.hset('h', { a: 1, b: 'x' }), 2)
  await is(redis.hget('h', 'b'), 'x')
  await is(redis.hgetall('h'), { a: '1', b: 'x' })
  await is(redis.hmget('h', 'a', 'z'), ['1', null])
  await is(redis.hincrby('h', 'a', 4), 5)
  await is(redis.hincrby('h', 'b', 4), 'error: ERR hash value is not an integer')
  await is(redis.hincrbyfloat('h', 'a', 0.5), '5.5')
  await is(redis.hkeys('h'), ['a', 'b'])
  await is(redis.hscan('h', 0), ['0', ['a', '5.5', 'b', 'x']])
  await is(redis.hdel('h', 'a', 'z'), 1)
  await is(redis.hlen('h'), 1)
  await is(redis.get('h'), wrongType)

  // sorted sets
  await is(redis.zadd('z', 1, 'a', 2.5, 'b', 3, 'c'), 3)
  await is(redis.zadd('z', 'GT', 'CH', 0, 'a', 9, 'c'), 1)
  await is(redis.zscore('z', 'b'), '2.5')
  await is(redis.zrank('z', 'c'), 2)
  await is(redis.zrange('z', 0, -1, 'WITHSCORES'), ['a', '1', 'b', '2.5', 'c', '9'])
  await is(redis.zrange('z', '+inf', '(1', 'BYSCORE', 'REV', 'LIMIT', 0, 1), ['c'])
  await is(redis.zcount('z', '-inf', '(9'), 2)
  await is(redis.zincrby('z', -10, 'c'), '-1')
  await is(redis.zunionstore('u', 2, 'z', 'z', 'WEIGHTS', 2, 1, 'AGGREGATE', 'SUM'), 3)
  await is(redis.zrange('u', 0, -1, 'WITHSCORES'), ['c', '-3', 'a', '3', 'b', '7.5'])
  await is(redis.zpopmin('z'), ['c', '-1'])
  await is(redis.zpopmax('z', 1), ['b', '2.5'])
  await is(redis.bzpopmin('z', 1), ['z', 'a', '1'])
  await is(redis.exists('z'), 0)
  await is(redis.zadd('s', 1, 'a'), wrongType)

  // scripting: a defined command goes by EVALSHA, and by EVAL when the server does not know it
  redis.defineCommand('setAndGet', { numberOfKeys: 1, lua: "redis.call('SET', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])" })
  await is(redis.script('FLUSH'), 'OK')
  await is(redis.setAndGet('k', 'v'), 'v')
  await is(redis.setAndGet('k', 'w'), 'w')
  const sha = await redis.script('LOAD', 'return {KEYS[1], ARGV[1], 2.9, false}')
  await is(redis.evalsha(sha, 1, 'k', 'x'), ['k', 'x', 2, null])
  await is(redis.script('EXISTS', sha, '0'.repeat(40)), [1, 0])
  await is(redis.evalsha('0'.repeat(40), 0), 'error: NOSCRIPT No matching script. Please use EVAL.')
  await is(redis.eval("return redis.error_reply('MY error')", 0), 'error: MY error')
  await is(redis.pipeline().setAndGet('k', 'p').get('k').exec(), [[null, 'p'], [null, 'p']])
  console.log(`${steps} steps`)
} catch (err) {
  console.error(err.stack)
  process.exitCode = 1
} finally {
  redis.disconnect()
}
