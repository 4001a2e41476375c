// Preloaded into every thread: has onnxruntime-node believe in a GPU, which is the processor, and fails as the file
// that FAKE_GPU names says: `works`, `full`, `lost` or `dies`.
const { readFileSync } = require('node:fs');
const { isMainThread } = require('node:worker_threads');

const FAULTS = {
  full: 'Non-zero status code returned while running Loop node. Status Message: /onnxruntime_src/onnxruntime/core/framework/bfc_arena.cc:376 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*) Failed to allocate memory for requested buffer of size 939524096',
  lost: 'Non-zero status code returned while running MemcpyToHost node. Status Message: CUDA failure 719: unspecified launch failure ; GPU=0 ; hostname=host ; file=/onnxruntime_src/onnxruntime/core/providers/cuda/gpu_data_transfer.cc ; line=73 ; expr=cudaMemcpyAsync(dst_data, src_data, bytes, cudaMemcpyDeviceToHost, stream); ',
};

if (!isMainThread) {
  const { InferenceSession, Tensor } = require('onnxruntime-node');
  const silence = (rows) => ({
    tokens: new Tensor('int64', new BigInt64Array(rows).fill(2n), [rows, 1]),
    log_probs: new Tensor('float32', new Float32Array(rows), [rows, 1]),
  });
  const { create } = InferenceSession;
  InferenceSession.create = async (file, options) => {
    const isCuda = options.executionProviders.some((provider) => provider.name === 'cuda');
    const session = await create.call(InferenceSession, file, { ...options, executionProviders: ['cpu'] });
    if (!isCuda) return session;
    const run = session.run.bind(session);
    session.run = async (...args) => {
      const command = readFileSync(process.env.FAKE_GPU, 'utf8').trim();
      if (command === 'dies') process.exit(1);
      if (FAULTS[command]) throw new Error(FAULTS[command]);

      // It is warmed with more silence than a processor can take in any time.
      const { samples } = args[0];
      if (samples?.data.every((sample) => sample === 0)) return silence(samples.dims[0]);

      return run(...args);
    };

    return session;
  };
}
