import { describe, expect, test, vi } from 'vitest';
import { GpuWatch } from '../server/devices/gpu-watch.ts';
import { type Gpu, parseGpus, queryGpus, shownByCuda } from '../server/devices/nvidia-smi.ts';
import { judge } from '../server/devices/try-device.ts';

const GIB = 2 ** 30;

describe("nvidia-smi's answer", () => {
  test('is read line by line, whatever the name of a GPU', () => {
    const csv = '0, NVIDIA H100 80GB HBM3, 1024, 81920\n1, Tesla T4, revision 2, 0, 15360\n';
    expect(parseGpus(csv)).toEqual([
      { index: 0, name: 'NVIDIA H100 80GB HBM3', usedBytes: GIB, totalBytes: 80 * GIB },
      { index: 1, name: 'Tesla T4, revision 2', usedBytes: 0, totalBytes: 15 * GIB },
    ]);
  });

  test('is nothing where it says that something is wrong', () => {
    expect(parseGpus('No devices were found\n')).toEqual([]);
    // Where memory is shared with the processor.
    expect(parseGpus('0, NVIDIA GB10, [N/A], [N/A]\n')).toEqual([]);
  });

  test('is asked for once, and is null where there is no such program', async () => {
    vi.stubEnv('CUDA_VISIBLE_DEVICES', undefined);
    const asked: string[] = [];
    const gpus = await queryGpus(async (program, args) => {
      asked.push([program, ...args].join(' '));

      return '0, A, 1, 2\n';
    });
    expect(gpus).toHaveLength(1);
    expect(asked).toEqual([
      'nvidia-smi --query-gpu=index,name,memory.used,memory.total --format=csv,noheader,nounits',
    ]);
    expect(await queryGpus(() => Promise.reject(new Error('spawn nvidia-smi ENOENT')))).toBeNull();
    vi.unstubAllEnvs();
  });
});

describe('The GPUs that CUDA shows', () => {
  const all = ['A', 'B', 'C'].map((name, index): Gpu => ({ index, name, usedBytes: 0, totalBytes: GIB }));

  test.each([
    [undefined, ['0 A', '1 B', '2 C']],
    ['2, 0', ['0 C', '1 A']],
    ['1,7,0', ['0 B']],
    ['', []],
    ['-1', []],
    // By names that nvidia-smi is not asked for.
    ['GPU-8932f937', ['0 A', '1 B', '2 C']],
  ])('are numbered as it does where CUDA_VISIBLE_DEVICES is %j', (visible, expected) => {
    expect(shownByCuda(all, visible).map(({ index, name }) => `${index} ${name}`)).toEqual(expected);
  });
});

describe('GpuWatch', () => {
  /** One GPU in use and one that is not, the first filled as the test says. */
  function rig() {
    const nearlyFull: number[] = [];
    let [share, looks] = [0, 0];
    let next: (() => void) | null = null;
    const gpu = (index: number, used: number): Gpu => ({
      index,
      name: 'A',
      usedBytes: used * GIB,
      totalBytes: GIB,
    });
    const watch = new GpuWatch({
      indexes: [0],
      onNearlyFull: ({ index }) => nearlyFull.push(index),
      query: async () => {
        looks++;

        return Number.isNaN(share) ? null : [gpu(0, share), gpu(1, 1)];
      },
      after: (_, callback) => {
        next = callback;

        return () => {
          next = null;
        };
      },
    });
    const look = async (used: number) => {
      share = used;
      next?.();
      await new Promise(setImmediate);
    };

    return { watch, look, nearlyFull, looks: () => looks, waits: () => next !== null };
  }

  test('knows the memory of the GPUs in use, and looks until it is closed', async () => {
    const { watch, look, looks, waits } = rig();
    await watch.start();
    await look(0.5);
    expect(watch.gpus).toMatchObject([{ index: 0, usedBytes: GIB / 2 }]);
    watch.close();
    expect(waits()).toBe(false);
    await look(0.6);
    expect(looks()).toBe(2);
  });

  test('warns once when one is nearly full, and again only after that has passed', async () => {
    const { watch, look, nearlyFull } = rig();
    await watch.start();
    for (const used of [0.89, 0.91, 0.99, 0.88, 0.95]) await look(used);
    expect(nearlyFull).toEqual([0]);
    for (const used of [0.5, 0.91]) await look(used);
    expect(nearlyFull).toEqual([0, 0]);
  });

  test('goes on looking where the driver does not answer', async () => {
    const { watch, look, waits } = rig();
    await watch.start();
    await look(Number.NaN);
    expect(watch.gpus).toEqual([]);
    expect(waits()).toBe(true);
  });

  test('asks nobody where no GPU is in use', async () => {
    let asked = 0;
    const watch = new GpuWatch({
      indexes: [],
      onNearlyFull: () => {},
      query: async () => {
        asked++;

        return [];
      },
    });
    await watch.start();
    expect(asked).toBe(0);
  });
});

describe('The trial of a device', () => {
  const end = { answer: null, stderr: '', timedOut: false };
  const thrown = {
    ok: false,
    message: 'OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library',
  };

  test('says which library is missing, which the runtime writes but does not throw', () => {
    const stderr =
      '2026-11-22 15:10:06.359103461 [E:onnxruntime:onnxruntime-node, provider_bridge_ort.cc:2146 Create] /onnxruntime_src/onnxruntime/core/session/provider_bridge_ort.cc:1988 onnxruntime::Provider& onnxruntime::ProviderLibrary::Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library /srv/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so with error: libcublasLt.so.13: cannot open shared object file: No such file or directory';
    expect(judge({ ...end, answer: thrown, stderr })).toEqual({
      works: false,
      why: 'libcublasLt.so.13 is missing: install CUDA 13, or put its folder into LD_LIBRARY_PATH.',
    });
  });

  test('says what a process that died had written, or that it wrote nothing', () => {
    const stderr =
      "terminate called after throwing an instance of 'onnxruntime::OnnxRuntimeException' what(): CUDA failure 100: no CUDA-capable device is detected ; GPU=-1 ; hostname=host";
    expect(judge({ ...end, stderr })).toMatchObject({
      why: "NVIDIA's driver shows no GPU to this process.",
    });
    expect(judge(end)).toMatchObject({ why: 'The process that tried it died without a word.' });
    expect(judge({ ...end, timedOut: true })).toMatchObject({
      why: expect.stringContaining('has not answered'),
    });
  });

  test('believes a device that computes what it should', () => {
    expect(judge({ ...end, answer: { ok: true, ms: 12, message: '' } })).toEqual({ works: true, ms: 12 });
    expect(judge({ ...end, answer: { ok: false, ms: 12, message: 'it computes 0.5 off' } })).toMatchObject({
      works: false,
      why: expect.stringContaining('0.5 off'),
    });
  });
});
