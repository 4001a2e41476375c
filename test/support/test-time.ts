import type { Time } from '../../client-sdk/time.ts';
import { ManualClock } from './manual-clock.ts';

/** Time that stands still until a test moves it, and chance that is always in the middle. */
export class TestTime extends ManualClock implements Time {
  random(): number {
    return 0.5;
  }
}
