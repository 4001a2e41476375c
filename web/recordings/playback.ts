import { signal } from '@preact/signals';
import { type Paragraph, type Sentence, sentenceAt } from './sentences.ts';

/** A recording that is played, and the sentence that it is at. */
export class Playback {
  readonly sentences: readonly Sentence[];
  /** -1 before the first. */
  readonly current = signal(-1);
  /** Whether the browser cannot play the file. */
  readonly isUnplayable = signal(false);
  /** Grows when somebody went elsewhere: the text goes there, wherever it was read. */
  readonly jumps = signal(0);
  #player: HTMLMediaElement | null = null;

  constructor(paragraphs: readonly Paragraph[]) {
    this.sentences = paragraphs.flatMap(({ sentences }) => sentences);
  }

  /** @returns what lets go of it. */
  attach(player: HTMLMediaElement): () => void {
    this.#player = player;
    const follow = () => {
      this.current.value = sentenceAt(this.sentences, player.currentTime * 1000);
    };
    const events: readonly [string, () => void][] = [
      ['timeupdate', follow],
      [
        'seeked',
        () => {
          follow();
          this.jumps.value++;
        },
      ],
      ['play', () => pauseOthers(player)],
      [
        'error',
        () => {
          this.isUnplayable.value = true;
        },
      ],
    ];
    for (const [name, listener] of events) player.addEventListener(name, listener);
    // It may have failed before anybody listened.
    if (player.error) this.isUnplayable.value = true;

    return () => {
      for (const [name, listener] of events) player.removeEventListener(name, listener);
      this.#player = null;
    };
  }

  /** Plays from the beginning of a sentence. */
  playFrom(index: number): void {
    const sentence = this.sentences[index];
    if (!this.#player || !sentence) return;
    // A moment into it, for players go to where they can, which may be a moment before.
    this.#player.currentTime = sentence.startMs / 1000 + 0.02;
    // Where the browser does not want to, its own button is there.
    this.#player.play().catch(() => undefined);
  }
}

function pauseOthers(player: HTMLMediaElement): void {
  for (const other of document.querySelectorAll<HTMLMediaElement>('audio, video'))
    if (other !== player) other.pause();
}
