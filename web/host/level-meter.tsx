import type { Signal } from '@preact/signals';
import type { Level } from '../../client-sdk/browser.ts';
import { words } from '../i18n/language.ts';

/** What is shown as nothing. Speech at a usual distance is 20 to 35 dB above it. */
const FLOOR_DBFS = -60;
/** Too quiet to be understood well, and so loud that it will soon be cut off. */
const QUIET_DBFS = -45;
const LOUD_DBFS = -3;

/** How loud one is heard. */
export function LevelMeter({ level, isMuted }: { readonly level: Signal<Level>; readonly isMuted: boolean }) {
  const { meter } = words.value.host;
  const { rmsDbfs, peakDbfs, clipping } = level.value;
  const judged = isMuted ? 'muted' : judge(peakDbfs, clipping);
  const percent = Math.round(share(rmsDbfs) * 100);

  return (
    // biome-ignore lint/a11y/useSemanticElements: the element cannot say in words what its number means.
    <div
      class={`meter ${judged}`}
      role="meter"
      aria-label={meter.label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      aria-valuetext={meter[judged]}
    >
      <div class="meter-track">
        <div class="meter-fill" style={{ transform: `scaleX(${share(rmsDbfs)})` }} />
      </div>
      <span class="hint">{meter[judged]}</span>
    </div>
  );
}

function judge(peakDbfs: number, clipping: boolean): 'silent' | 'quiet' | 'good' | 'loud' {
  if (clipping || peakDbfs > LOUD_DBFS) return 'loud';
  if (peakDbfs > QUIET_DBFS) return 'good';

  return peakDbfs > FLOOR_DBFS ? 'quiet' : 'silent';
}

function share(dbfs: number): number {
  return Math.min(1, Math.max(0, (dbfs - FLOOR_DBFS) / -FLOOR_DBFS));
}
