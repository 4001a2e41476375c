import { SteadyText } from '../../client-sdk/captions/steady-text.ts';
import type { FinalMessage, PartialMessage } from '../../client-sdk/protocol.ts';
import { CaptionStability, type CaptionSteps } from '../../server/stream/caption-stability.ts';

/** How a caption came to stand, as it was sent, and as readers are shown it. */
export interface ShownSteps {
  readonly sent: CaptionSteps;
  /** With the last words held back, as the pages do. */
  readonly shown: CaptionSteps;
}

/** Follows a stream's captions as a reader's page does. Times are the run's. */
export class ShownCaptions {
  readonly #sent = new CaptionStability();
  readonly #shown = new CaptionStability();
  /** By id, of captions that have not ended. */
  readonly #steady = new Map<string, SteadyText>();

  partial({ captionId, text, stableChars }: PartialMessage, nowMs: number): void {
    this.#sent.partial(captionId, text, nowMs);
    const steady = this.#steady.get(captionId) ?? new SteadyText();
    this.#steady.set(captionId, steady);
    this.#shown.partial(captionId, steady.partial(captionId, text, stableChars), nowMs);
  }

  /** @param zeroMs when the stream's first sample was spoken. */
  final({ captionId, text, startMs, endMs }: FinalMessage, zeroMs: number, nowMs: number): ShownSteps {
    this.#steady.delete(captionId);
    const steps = (stability: CaptionStability) =>
      stability.final(captionId, text, zeroMs + startMs, zeroMs + endMs, nowMs);

    return { sent: steps(this.#sent), shown: steps(this.#shown) };
  }
}
