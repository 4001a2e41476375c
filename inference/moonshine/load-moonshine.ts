import type { Device } from '../device.ts';
import type { Recognizer } from '../recognizer.ts';
import { Moonshine } from './moonshine.ts';
import type { MoonshineGraphs } from './moonshine-files.ts';
import { OneRunMoonshine } from './one-run-moonshine.ts';
import { ShippedMoonshine } from './shipped-moonshine.ts';

/** The model on whichever graphs there are. @throws when they cannot be loaded on the device. */
export function loadMoonshine(graphs: MoonshineGraphs, device: Device): Promise<Recognizer> {
  if (graphs.kind === 'one-run') return OneRunMoonshine.load(graphs, device);

  return graphs.kind === 'rebuilt' ? Moonshine.load(graphs, device) : ShippedMoonshine.load(graphs, device);
}
