// Loaded into every thread of a server by node's --require. Ends a thread in the middle of a task: as many of a kind as the
// file named by SABOTAGE_FILE says, such as "recognizer 2".
const { readFileSync, writeFileSync } = require('node:fs');
const threads = require('node:worker_threads');

if (!threads.isMainThread) {
  // The class that onnxruntime-node's sessions are of.
  const node = require.resolve('onnxruntime-node');
  const { InferenceSession } = require(require.resolve('onnxruntime-common', { paths: [node] }));
  const run = InferenceSession.prototype.run;
  InferenceSession.prototype.run = function (...args) {
    const [kind, deaths] = readFileSync(process.env.SABOTAGE_FILE, 'utf8').split(' ');
    const mine = threads.workerData.device === undefined ? 'vad' : 'recognizer';
    if (kind === mine && Number(deaths) > 0) {
      writeFileSync(process.env.SABOTAGE_FILE, `${kind} ${Number(deaths) - 1}`);
      process.exit(1);
    }

    return run.apply(this, args);
  };
}
