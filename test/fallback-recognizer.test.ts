import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Device } from '../inference/device.ts';
import { missingLibrary, whyNotLoaded } from '../inference/devices/device-fault.ts';
import { FallbackRecognizer, FULL_FOR_MS } from '../inference/devices/fallback-recognizer.ts';
import { ScriptedRecognizer } from '../inference/doubles/scripted-recognizer.ts';
import type { SpeechSegment } from '../inference/recognizer.ts';
import { describeRecognizer } from './contract/recognizer.contract.ts';

/** As onnxruntime words them: bfc_arena.cc, cuda_call.cc. */
const FULL =
  "Non-zero status code returned while running MatMul node. Name:'MatMul_7' Status Message: /onnxruntime_src/onnxruntime/core/framework/bfc_arena.cc:376 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*) Failed to allocate memory for requested buffer of size 939524096";
const cudaCall = (failure: string) =>
  `/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:122 std::conditional_t<THRW, void, onnxruntime::common::Status> onnxruntime::CudaCall(ERRTYPE, const char*, const char*, SUCCTYPE, const char*, const char*, int) [with ERRTYPE = cudaError; bool THRW = true] CUDA failure ${failure} ; GPU=0 ; hostname=host ; file=/onnxruntime_src/onnxruntime/core/providers/cuda/gpu_data_transfer.cc ; line=73 ; expr=cudaMemcpyAsync(dst_data, src_data, bytes, cudaMemcpyHostToDevice, stream); `;
const LOST = cudaCall('46: all CUDA-capable devices are busy or unavailable');
const ILLEGAL = cudaCall('700: an illegal memory access was encountered');

const segment = (samples: number): SpeechSegment => ({ samples: new Float32Array(samples), language: null });
const batchOf = (size: number) => Array.from({ length: size }, (_, i) => segment(i + 1));

/** A GPU that takes `room` segments at once, or fails with what `fails` says; and what ran where. */
class Rig {
  room = Number.POSITIVE_INFINITY;
  fails: string | null = null;
  nowMs = 0;
  readonly ran: { readonly device: Device; readonly size: number }[] = [];
  readonly loaded: Device[] = [];
  readonly loadFaults = new Map<Device, string>();
  readonly models = new Map<Device, ScriptedRecognizer>();

  readonly load = async (device: Device) => {
    const fault = this.loadFaults.get(device);
    if (fault) throw new Error(fault);
    this.loaded.push(device);
    const model = new ScriptedRecognizer({
      script: ({ samples }) => `${samples.length}`,
      capabilities: { maxBatchSize: device === 'cpu' ? 4 : 16 },
      gate: async (batch) => {
        this.ran.push({ device, size: batch.length });
        if (device === 'cpu') return;
        if (this.fails) throw new Error(this.fails);
        if (batch.length > this.room) throw new Error(FULL);
      },
    });
    this.models.set(device, model);

    return model;
  };

  start(device: Device = 'cuda:0') {
    const { concurrency: _, ...capabilities } = new ScriptedRecognizer({
      script: () => '',
      capabilities: { maxBatchSize: 16 },
    }).capabilities;

    return FallbackRecognizer.load({ device, capabilities, load: this.load, now: () => this.nowMs });
  }
}

const textsOf = async (recognizer: FallbackRecognizer, batch: readonly SpeechSegment[]) =>
  (await recognizer.decode(batch)).hypotheses.map(({ text }) => text);
const numbers = (count: number) => Array.from({ length: count }, (_, i) => `${i + 1}`);

describeRecognizer({
  name: 'FallbackRecognizer, without its GPU',
  create: () =>
    FallbackRecognizer.load({
      device: 'cuda:0',
      capabilities: new ScriptedRecognizer({ script: () => '' }).capabilities,
      load: async (device) => {
        if (device !== 'cpu') throw new Error('Failed to load shared library');

        return new ScriptedRecognizer({
          script: ({ samples }) => `${samples.length} samples, ${samples[4000] ?? 0} in them`,
        });
      },
    }),
  real: false,
});

describe('FallbackRecognizer', () => {
  test('decodes on its GPU, and loads nothing onto the processor as long as that works', async () => {
    const rig = new Rig();
    const recognizer = await rig.start();
    expect(await textsOf(recognizer, batchOf(9))).toEqual(numbers(9));
    expect(rig.loaded).toEqual(['cuda:0']);
    expect(recognizer.standing).toEqual({ runs: 'cuda:0', why: null });
  });

  test('takes the processor where the GPU cannot be had, a few segments at a time, and says why', async () => {
    const rig = new Rig();
    rig.loadFaults.set(
      'cuda:0',
      cudaCall('35: CUDA driver version is insufficient for CUDA runtime version'),
    );
    const recognizer = await rig.start();
    expect(await textsOf(recognizer, batchOf(10))).toEqual(numbers(10));
    expect(rig.ran.map(({ size }) => size)).toEqual([4, 4, 2]);
    expect(recognizer.standing).toEqual({
      runs: 'cpu',
      why: "NVIDIA's driver is missing, or older than CUDA 13 wants: install one from 580 on.",
    });
  });

  test('cannot be loaded where the processor cannot have the model either', async () => {
    const rig = new Rig();
    rig.loadFaults.set('cuda:0', LOST).set('cpu', 'model.onnx is missing');
    await expect(rig.start()).rejects.toThrow('model.onnx is missing');
    await expect(rig.start('cpu')).rejects.toThrow('model.onnx is missing');
  });

  test('answers all segments of any batch, whatever memory its GPU has, and asks the processor only for want of any', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 16 }),
        fc.integer({ min: 0, max: 16 }),
        async (size, room) => {
          const rig = new Rig();
          rig.room = room;
          const recognizer = await rig.start();
          expect(await textsOf(recognizer, batchOf(size))).toEqual(numbers(size));
          expect(rig.loaded.includes('cpu')).toBe(room === 0);
          // Halving a batch of 16 down to ones takes 31 tries.
          expect(rig.ran.length).toBeLessThanOrEqual(2 * size + 4);
        },
      ),
    );
  });

  test('leaves a full GPU alone for a minute, and then goes back to it', async () => {
    const rig = new Rig();
    const recognizer = await rig.start();
    rig.room = 0;
    await recognizer.decode(batchOf(1));
    expect(recognizer.standing).toEqual({ runs: 'cpu', why: 'Its memory is full.' });
    rig.room = 16;
    rig.nowMs = FULL_FOR_MS - 1;
    await recognizer.decode(batchOf(2));
    expect(rig.ran.at(-1)).toEqual({ device: 'cpu', size: 2 });
    rig.nowMs = FULL_FOR_MS;
    await recognizer.decode(batchOf(2));
    expect(rig.ran.at(-1)).toEqual({ device: 'cuda:0', size: 2 });
    expect(recognizer.standing).toEqual({ runs: 'cuda:0', why: null });
  });

  test.each([
    ['is gone', LOST, 'CUDA gave error 46, all CUDA-capable devices are busy or unavailable.'],
    ['reads where it may not', ILLEGAL, 'CUDA gave error 700, an illegal memory access was encountered.'],
    [
      'cannot multiply',
      'CUBLAS failure 13: CUBLAS_STATUS_EXECUTION_FAILED ; GPU=0 ; hostname=host ; expr=cublasGemmEx(…)',
      'CUDA gave error 13, CUBLAS_STATUS_EXECUTION_FAILED.',
    ],
    [
      'cannot convolve',
      "Non-zero status code returned while running Conv node. Name:'conv1' Status Message: CUDNN_FE failure 11: CUDNN_BACKEND_API_FAILED ; GPU=0 ; hostname=host ; file=/onnxruntime_src/onnxruntime/core/providers/cuda/nn/conv.cc ; line=224 ; expr=s_.cudnn_fe_graph->build_plans(handle);",
      'CUDA gave error 11, CUDNN_BACKEND_API_FAILED.',
    ],
    [
      'has only half of cuDNN',
      "Non-zero status code returned while running Conv node. Name:'conv1' Status Message: Failed to initialize CUDNN Frontend",
      'cuDNN cannot begin: install all of cuDNN 9 for CUDA 13.',
    ],
  ])('decodes the batch on the processor when its GPU %s, and never asks it again', async (_, fault, why) => {
    const rig = new Rig();
    const recognizer = await rig.start();
    rig.fails = fault;
    expect(await textsOf(recognizer, batchOf(6))).toEqual(numbers(6));
    expect(recognizer.standing).toEqual({ runs: 'cpu', why });
    rig.fails = null;
    rig.nowMs = 100 * FULL_FOR_MS;
    expect(await textsOf(recognizer, batchOf(3))).toEqual(numbers(3));
    expect(rig.ran.filter(({ device }) => device === 'cuda:0')).toHaveLength(1);
    await recognizer.close();
    // Closing it would call into the GPU that is lost.
    expect(rig.models.get('cuda:0')!.idle).toBe(1);
    expect(rig.models.get('cpu')!.idle).toBe(0);
  });

  test('passes on what has nothing to do with its GPU', async () => {
    const rig = new Rig();
    const recognizer = await rig.start();
    rig.fails =
      "Non-zero status code returned while running Reshape node. Name:'r' Status Message: bad shape";
    await expect(recognizer.decode(batchOf(2))).rejects.toThrow('bad shape');
    expect(rig.loaded).toEqual(['cuda:0']);
  });

  test('tries again to load the model onto the processor, where that failed once', async () => {
    const rig = new Rig();
    const recognizer = await rig.start();
    rig.fails = LOST;
    rig.loadFaults.set('cpu', 'EMFILE: too many open files');
    await expect(recognizer.decode(batchOf(1))).rejects.toThrow('EMFILE');
    rig.loadFaults.clear();
    expect(await textsOf(recognizer, batchOf(1))).toEqual(['1']);
  });
});

describe('What is said of a GPU that cannot be had', () => {
  test.each([
    [
      'Failed to load library libonnxruntime_providers_cuda.so with error: libcudnn.so.9: cannot open shared object file: No such file or directory',
      'libcudnn.so.9 is missing: install cuDNN 9 for CUDA 13.',
    ],
    [
      'Failed to load library libonnxruntime_providers_cuda.so with error: libcublasLt.so.13: cannot open shared object file: No such file or directory',
      'libcublasLt.so.13 is missing: install CUDA 13, or put its folder into LD_LIBRARY_PATH.',
    ],
    [
      'OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library',
      "onnxruntime's CUDA provider, or a library that it needs, is missing: `roundtable devices` says which.",
    ],
    [cudaCall('101: invalid device ordinal'), 'There is no GPU of this number.'],
    [cudaCall('2: out of memory'), 'Its memory is full.'],
    ['something new\nand more of it', 'The runtime says: something new'],
    [
      'Load model from /home/me/models/x/model.onnx failed:/onnxruntime_src/core/graph.cc:1 and/or 1/2 nodes',
      'The runtime says: Load model from model.onnx failed:graph.cc:1 and/or 1/2 nodes',
    ],
  ])('is one sentence: %s', (message, sentence) => {
    expect(whyNotLoaded(new Error(message))).toBe(sentence);
  });

  test('names what brings a library', () => {
    expect(missingLibrary('libonnxruntime_providers_cuda.so')).toContain('docs/gpu.md');
    expect(missingLibrary('libcuda.so.1')).toContain('driver');
  });
});
