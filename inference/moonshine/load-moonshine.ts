import type { Device } from '../device.ts';
import type { Recognizer } from '../recognizer.ts';
import { Moonshine } from './moonshine.ts';
import type { MoonshineGraphs } from './moonshine-files.ts';
import { ShippedMoonshine } from './shipped-moonshine.ts';

/** The model on whichever graphs there are. @throws when they cannot be loaded on the device. */
export function loadMoonshine(graphs: MoonshineGraphs, device: Device): Promise<Recognizer> {
  return graphs.kind === 'rebuilt' ? Moonshine.load(graphs, device) : ShippedMoonshine.load(graphs, device);
}
