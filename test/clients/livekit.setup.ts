import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

const FOLDER = fileURLToPath(new URL('livekit/', import.meta.url));

/** 290 MB that nothing else needs: installed here, when these tests run. */
export default function install(project: TestProject): void {
  let reason = '';
  try {
    execFileSync('npm', ['ci', '--ignore-scripts'], { cwd: FOLDER, stdio: 'pipe' });
  } catch (error) {
    reason = `LiveKit's agents cannot be installed: ${String((error as { stderr?: Buffer }).stderr ?? error).slice(-500)}`;
    console.log(`${reason}\nThe tests of them are skipped.`);
  }
  project.provide('livekitMissing', reason);
}

declare module 'vitest' {
  interface ProvidedContext {
    /** Why they are not there; '' where they are. */
    livekitMissing: string;
  }
}
