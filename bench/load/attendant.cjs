// Loaded into a server by node's --require: collects garbage when the bench asks, so that what is still held can be told
// from what has only not been collected yet. Answers with what is held right after.
const { isMainThread } = require('node:worker_threads');

if (isMainThread && process.send) {
  require('node:v8').setFlagsFromString('--expose-gc');
  const collect = require('node:vm').runInNewContext('gc');
  process.on('message', (message) => {
    if (message !== 'collect-garbage') return;
    // The first finds what finalizers may let go of, the second collects that.
    collect();
    setImmediate(() => {
      collect();
      process.send(process.memoryUsage());
    });
  });
  process.channel.unref();
}
