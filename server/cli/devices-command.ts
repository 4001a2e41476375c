import { cpus } from 'node:os';
import { Command } from 'commander';
import { type Device, isDevice } from '../../inference/device.ts';
import { type Gpu, numberGpusByBus, queryGpus } from '../devices/nvidia-smi.ts';
import { tryDevice } from '../devices/try-device.ts';
import { Failure } from '../failure.ts';

const examples = `
Each device computes something small. What is missing for a GPU is said in a sentence; docs/gpu.md has the rest.

Examples:
  $ roundtable devices
  $ roundtable devices cuda:0 cuda:1
`;

/** The `devices` command: tries where models could run. */
export function devicesCommand(): Command {
  return new Command('devices')
    .description('Try the processor and every GPU, and say what is missing; exits with 1 when one fails.')
    .argument('[devices...]', 'devices to try (default: all that there are)')
    .addHelpText('after', examples)
    .action(async (names: string[]) => {
      const wrong = names.find((name) => !isDevice(name));
      if (wrong !== undefined)
        throw new Failure(`There is no device ${wrong}. Name cpu, or cuda:0 and so on.`);
      await tryDevices(names as Device[]);
    });
}

async function tryDevices(named: readonly Device[]): Promise<void> {
  numberGpusByBus();
  const gpus = await queryGpus();
  const found = (gpus ?? []).map(({ index }): Device => `cuda:${index}`);
  for (const device of named.length > 0 ? named : ['cpu' as const, ...found]) {
    const verdict = await tryDevice(device);
    const called = nameOf(device, gpus ?? []);
    if (verdict.works) console.log(`${device}  works (${called}, ${Math.round(verdict.ms)} ms)`);
    else {
      console.log(`${device}  cannot be used (${called}): ${verdict.why}`);
      process.exitCode = 1;
    }
  }
  if (gpus === null)
    console.log(
      "No GPU: nvidia-smi cannot be run. NVIDIA's driver brings it, where there is a GPU for it to drive.",
    );
  else if (gpus.length === 0)
    console.log("No GPU: NVIDIA's driver shows none, or CUDA_VISIBLE_DEVICES leaves none.");
}

function nameOf(device: Device, gpus: readonly Gpu[]): string {
  if (device === 'cpu') return cpus()[0]?.model.trim() ?? 'unknown';

  return gpus.find(({ index }) => device === `cuda:${index}`)?.name ?? 'unknown to nvidia-smi';
}
