/**
 * What Redis does in one step, in Lua. `KEYS[1]` is what all keys of the queue begin with; the others are made from it, which a
 * cluster allows because they share a hash tag.
 *
 * | key | |
 * |---|---|
 * | `job:ID` | the record: `v` (its version), `job` (JSON), and what of it is looked at here |
 * | `result:ID` | what a completed job has come to |
 * | `line` | unfinished jobs by rank |
 * | `all`, `of:KEY` | ids of all jobs, and of one API key's |
 * | `finished` | ids by when they finished |
 * | `slots:KEY`, `held:KEY` | jobs that run for an API key, and that wait for one of these to end, by rank |
 * | `order`, `finish:CLASS`, `starts` | what `job-order.ts` keeps of the order; in the first also what unfinished jobs take, of each API key too |
 * | `leaders`, `computed` | by content, the job that computes it, and one that has |
 * | `callbacks` | ids of those whose callback is to be delivered |
 * | `nodes`, `node:ID` | the nodes, and what each of those that live says of itself |
 */

const COMMON = `
local p = KEYS[1]
local call = redis.call
local function k(name, id) return p .. ':' .. name .. ':' .. id end
local function tell(v, run, job)
  call('PUBLISH', ARGV[#ARGV], '{"version":' .. v .. ',"run":"' .. run .. '","job":' .. job .. '}')
end
local function free(key, id)
  if key == '' or call('SREM', k('slots', key), id) == 0 then return '' end
  local next = call('ZPOPMIN', k('held', key))
  return next[1] or ''
end
`;

/**
 * Adds a job, with a tag of `JobOrder`'s whose rank is in whole seconds.
 * ARGV: id, JSON, class, key, bytes, lengthMs, submittedAtMs, cost, yield (both by weight), maxJobs, maxBytes, most that a rank may be
 * above the base, most jobs and bytes of a key, channel. Returns what hinders it (`Refusal`), or `ok` and `1` where the ranks have a new base.
 */
const SUBMIT = `${COMMON}
local id, json, class, key = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local record = k('job', id)
if call('EXISTS', record) == 1 then return { 'ok', '0' } end
local order, line, starts, finishes = p .. ':order', p .. ':line', p .. ':starts', k('finish', class)
local waiting = call('ZCARD', line)
if waiting == 0 then call('DEL', order) end
if waiting >= tonumber(ARGV[10]) then return { 'too-many-jobs' } end
if tonumber(call('HGET', order, 'bytes') or 0) + tonumber(ARGV[5]) > tonumber(ARGV[11]) then return { 'no-space' } end
if key ~= '' then
  local jobs = tonumber(call('HGET', order, 'jobs:' .. key) or 0)
  if jobs > 0 and jobs >= tonumber(ARGV[13]) then return { 'too-many-jobs-of-key' } end
  local bytes = tonumber(call('HGET', order, 'bytes:' .. key) or 0)
  if jobs > 0 and bytes + tonumber(ARGV[5]) > tonumber(ARGV[14]) then return { 'no-space-for-key' } end
  call('HINCRBY', order, 'jobs:' .. key, 1)
  call('HINCRBY', order, 'bytes:' .. key, ARGV[5])
end
local time = tonumber(call('HGET', order, 'time') or 0)
local first = call('ZRANGE', starts, 0, 0, 'WITHSCORES')
if first[2] then time = math.max(time, tonumber(first[2])) end
call('HSET', order, 'time', time)
local start = math.max(time, tonumber(call('HGET', order, 'finish:' .. class) or 0))
local last = call('ZRANGE', finishes, -1, -1, 'WITHSCORES')
if last[2] then start = math.max(start, tonumber(last[2])) end
local finish = start + tonumber(ARGV[8])
local rank = math.floor((finish + tonumber(ARGV[9])) / 1000)
call('HINCRBY', order, 'bytes', ARGV[5])
local number = call('INCR', p .. ':number')
call('HSET', record, 'v', 1, 'job', json, 'state', 'queued', 'run', '', 'key', key, 'class', class, 'bytes', ARGV[5],
  'lengthMs', ARGV[6], 'progressMs', 0, 'at', ARGV[7], 'start', start, 'finish', finish, 'rank', rank, 'number', number, 'content', '',
  'failures', 0)
call('ZADD', line, rank, id)
call('ZADD', starts, start, id)
call('ZADD', finishes, finish, id)
call('ZADD', p .. ':all', 0, id)
call('ZADD', k('of', key), 0, id)
tell(1, '', json)
if rank - tonumber(call('HGET', order, 'base') or 0) <= tonumber(ARGV[12]) then return { 'ok', '0' } end
local least = call('ZRANGE', line, 0, 0, 'WITHSCORES')
call('HSET', order, 'base', tonumber(least[2]) - 1)
return { 'ok', '1' }
`;

/**
 * Changes a record, if it is still the version that the change was made from.
 * ARGV: id, version, JSON, state, run, nowMs, callback state, progressMs, lengthMs, failed deliveries, maxRunningPerKey, result or
 * empty, channel. Returns `conflict`, `held` where its key has no slot, or `ok` and the id of a job that was held and need not be.
 */
const WRITE = `${COMMON}
local id, json, state, run = ARGV[1], ARGV[3], ARGV[4], ARGV[5]
local record = k('job', id)
if call('HGET', record, 'v') ~= ARGV[2] then return { 'conflict' } end
local was = call('HMGET', record, 'state', 'key', 'class', 'content', 'start', 'finish', 'rank', 'bytes')
local key, class, content = was[2], was[3], was[4]
local order, next = p .. ':order', ''
if state == 'running' and key ~= '' then
  local slots = k('slots', key)
  if call('SCARD', slots) >= tonumber(ARGV[11]) and call('SISMEMBER', slots, id) == 0 then
    call('ZADD', k('held', key), was[7], id)
    return { 'held' }
  end
  call('SADD', slots, id)
end
if key ~= '' then call('ZREM', k('held', key), id) end
if state == 'running' then
  call('ZREM', p .. ':starts', id)
  call('HSET', order, 'time', math.max(tonumber(call('HGET', order, 'time') or 0), tonumber(was[5])))
  call('HSET', order, 'finish:' .. class, math.max(tonumber(call('HGET', order, 'finish:' .. class) or 0), tonumber(was[6])))
else
  next = free(key, id)
  if content ~= '' and call('HGET', p .. ':leaders', content) == id then call('HDEL', p .. ':leaders', content) end
end
if state ~= 'running' and state ~= 'queued' and call('ZREM', p .. ':line', id) == 1 then
  call('ZREM', p .. ':starts', id)
  call('ZREM', k('finish', class), id)
  call('HINCRBY', order, 'bytes', -tonumber(was[8]))
  if key ~= '' then
    call('HINCRBY', order, 'bytes:' .. key, -tonumber(was[8]))
    if call('HINCRBY', order, 'jobs:' .. key, -1) <= 0 then call('HDEL', order, 'jobs:' .. key, 'bytes:' .. key) end
  end
  call('ZADD', p .. ':finished', ARGV[6], id)
  if state == 'completed' and content ~= '' then call('HSET', p .. ':computed', content, id) end
end
call(ARGV[7] == 'waiting' and 'SADD' or 'SREM', p .. ':callbacks', id)
if ARGV[12] ~= '' then call('SET', k('result', id), ARGV[12]) end
call('HSET', record, 'v', tonumber(ARGV[2]) + 1, 'job', json, 'state', state, 'run', run, 'progressMs', ARGV[8], 'lengthMs', ARGV[9],
  'failures', ARGV[10])
tell(tonumber(ARGV[2]) + 1, run, json)
return { 'ok', next }
`;

/** How far an attempt has come. ARGV: id, run, progressMs, lengthMs, JSON, channel. Returns whether it is still the job's. */
const PROGRESS = `${COMMON}
local record = k('job', ARGV[1])
local is = call('HMGET', record, 'state', 'run', 'v')
if is[1] ~= 'running' or is[2] ~= ARGV[2] then return 0 end
call('HSET', record, 'progressMs', ARGV[3], 'lengthMs', ARGV[4])
tell(is[3], ARGV[2], ARGV[5])
return 1
`;

/**
 * Asks who computes a content. ARGV: id, run, content, whether the run has a slot of its node, maxRunningPerKey. Returns `gone`
 * where the attempt is over; `done` and the result; `wait`; `free` where the run might compute it if it had a slot; or `lead`. After
 * `wait` and `free` the run has no slot of its key any more, and the second value is the id of a job that was held.
 */
const CLAIM = `${COMMON}
local id, run, content = ARGV[1], ARGV[2], ARGV[3]
local record, leaders = k('job', id), p .. ':leaders'
local is = call('HMGET', record, 'state', 'run', 'key')
if is[1] ~= 'running' or is[2] ~= run then return { 'gone' } end
local key = is[3]
local done = call('HGET', p .. ':computed', content)
local result = done and call('GET', k('result', done))
if result then return { 'done', result } end
local leader = call('HGET', leaders, content)
if leader and leader ~= id then
  local other = call('HMGET', k('job', leader), 'state', 'content')
  if other[1] == 'running' and other[2] == content then return { 'wait', free(key, id) } end
end
if ARGV[4] == '0' then return { 'free', '' } end
if key ~= '' then
  local slots = k('slots', key)
  if call('SISMEMBER', slots, id) == 0 and call('SCARD', slots) >= tonumber(ARGV[5]) then return { 'wait', '' } end
  call('SADD', slots, id)
end
call('HSET', leaders, content, id)
call('HSET', record, 'content', content)
return { 'lead' }
`;

/** The unfinished jobs by rank, seven values of each, and behind an empty one what each node says of itself. */
const LINE = `${COMMON}
local all = {}
for _, id in ipairs(call('ZRANGE', p .. ':line', 0, -1)) do
  local is = call('HMGET', k('job', id), 'state', 'class', 'rank', 'number', 'lengthMs', 'progressMs', 'at')
  all[#all + 1] = id
  for i = 1, 7 do all[#all + 1] = is[i] end
end
all[#all + 1] = ''
for _, node in ipairs(call('SMEMBERS', p .. ':nodes')) do
  local says = call('GET', k('node', node))
  if says then
    all[#all + 1] = node
    all[#all + 1] = says
  else
    call('SREM', p .. ':nodes', node)
  end
end
return all
`;

/**
 * Records, newest first. ARGV: set of ids, state or empty, id before which or empty, how many. Returns `RECORD_FIELDS` of each, and
 * of one more if there is one.
 */
const LIST = `${COMMON}
local found, before, left = {}, ARGV[3] == '' and '+' or '(' .. ARGV[3], tonumber(ARGV[4]) + 1
while left > 0 do
  local ids = call('ZREVRANGEBYLEX', p .. ':' .. ARGV[1], before, '-', 'LIMIT', 0, 500)
  for _, id in ipairs(ids) do
    local is = call('HMGET', k('job', id), 'v', 'job', 'run', 'progressMs', 'lengthMs', 'failures', 'rank', 'state')
    if left > 0 and is[1] and (ARGV[2] == '' or is[8] == ARGV[2]) then
      left = left - 1
      for i = 1, 7 do found[#found + 1] = is[i] end
    end
  end
  if #ids < 500 then break end
  before = '(' .. ids[#ids]
end
return found
`;

/** A function that deletes a finished job, unless its callback waits, and says whether it has. */
const LET_GO = `${COMMON}
local function letGo(id)
  if call('SISMEMBER', p .. ':callbacks', id) == 1 then return false end
  local is = call('HMGET', k('job', id), 'key', 'content')
  if is[2] and is[2] ~= '' and call('HGET', p .. ':computed', is[2]) == id then call('HDEL', p .. ':computed', is[2]) end
  call('DEL', k('job', id), k('result', id))
  call('ZREM', p .. ':all', id)
  if is[1] then call('ZREM', k('of', is[1]), id) end
  call('ZREM', p .. ':finished', id)
  return true
end
`;

/** Deletes what finished by a time, and the oldest beyond a number. ARGV: time, number, most at once. Returns their ids. */
const SWEEP = `${LET_GO}
local finished, gone = p .. ':finished', {}
local surplus = call('ZCARD', finished) - tonumber(ARGV[2])
local oldest = call('ZRANGE', finished, 0, ARGV[3] - 1, 'WITHSCORES')
for i = 1, #oldest, 2 do
  local id = oldest[i]
  if surplus <= 0 and tonumber(oldest[i + 1]) > tonumber(ARGV[1]) then break end
  surplus = surplus - 1
  if letGo(id) then gone[#gone + 1] = id end
end
return gone
`;

/** Deletes finished jobs. ARGV: ids. Returns those that were there. */
const FORGET = `${LET_GO}
local gone = {}
for _, id in ipairs(ARGV) do
  if call('ZSCORE', p .. ':finished', id) and letGo(id) then gone[#gone + 1] = id end
end
return gone
`;

/**
 * Looks for what has come apart. ARGV: what the keys of hand-outs begin with, for recordings and for callbacks, and the node that
 * asks. Returns kinds and ids: `interrupted`, a run whose node is gone; `own`, a run of the node that asks; `unlisted`, an unfinished job without a hand-out; `misplaced`, one whose hand-out
 * has another rank, followed by it; `untold`, a callback without a hand-out.
 */
const INSPECT = `${COMMON}
local found = {}
local base = tonumber(call('HGET', p .. ':order', 'base') or 0)
local function add(kind, id) found[#found + 1] = kind; found[#found + 1] = id end
for _, id in ipairs(call('ZRANGE', p .. ':line', 0, -1)) do
  local is = call('HMGET', k('job', id), 'state', 'run', 'rank')
  local priority = call('HGET', ARGV[1] .. id, 'priority')
  if not priority then
    add('unlisted', id)
  elseif is[1] == 'queued' and tonumber(priority) ~= math.max(1, math.min(2097151, tonumber(is[3]) - base)) then
    add('misplaced', id)
  end
  if is[1] == 'running' then
    local node = string.match(is[2], '^[^/]*')
    if node == ARGV[3] then
      add('own', id)
    elseif call('EXISTS', k('node', node)) == 0 then
      add('interrupted', id)
    end
  end
end
for _, id in ipairs(call('SMEMBERS', p .. ':callbacks')) do
  if call('EXISTS', ARGV[2] .. id) == 0 then add('untold', id) end
end
return found
`;

/** By the names that they are called by. */
export const SCRIPTS = {
  rtSubmit: SUBMIT,
  rtWrite: WRITE,
  rtProgress: PROGRESS,
  rtClaim: CLAIM,
  rtLine: LINE,
  rtList: LIST,
  rtSweep: SWEEP,
  rtForget: FORGET,
  rtInspect: INSPECT,
} as const;

/** Name of a script. */
export type ScriptName = keyof typeof SCRIPTS;
