// Loaded into every thread of a server by node's --require: when the bench says so, the next inference thread that runs a
// model ends in the middle of its task, between two runs, as a thread does that fails.
const threads = require('node:worker_threads');

const KEY = 'roundtable-bench-sabotage';

if (threads.isMainThread) {
  const deaths = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  threads.setEnvironmentData(KEY, deaths.buffer);
  process.on('message', (message) => {
    // One at a time: what has not come to pass yet is not asked for twice.
    if (message === 'kill-thread') Atomics.store(deaths, 0, 1);
  });
  process.channel?.unref();
} else {
  const deaths = new Int32Array(threads.getEnvironmentData(KEY));
  // The class that onnxruntime-node's sessions are of.
  const node = require.resolve('onnxruntime-node', { paths: [process.cwd(), __dirname] });
  const { InferenceSession } = require(require.resolve('onnxruntime-common', { paths: [node] }));
  const run = InferenceSession.prototype.run;
  InferenceSession.prototype.run = function (...args) {
    const isRecognizer = threads.workerData?.device !== undefined;
    if (isRecognizer && Atomics.compareExchange(deaths, 0, 1, 0) === 1) process.exit(1);

    return run.apply(this, args);
  };
}
