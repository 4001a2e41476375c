/** What one stream asked for and got, of what it asked for within the time that counts. Times in milliseconds. */
export class StreamTally {
  readonly weight: number;
  readonly hog: boolean;
  /** How many times faster than real time it speaks. */
  readonly speed: number;
  /** Speech, pauses within segments included. */
  spokenMs = 0;
  /** What all it asked for would take a thread, each job alone and with the one before as its draft. */
  askedMs = 0;
  /** The same of what was decoded. */
  gotMs = 0;
  snapshots = 0;
  snapshotsDelivered = 0;
  snapshotsOnTime = 0;
  finals = 0;
  finalsOnTime = 0;
  /** From the moment the newest audio in a partial was spoken to its text. */
  readonly partialLagsMs: number[] = [];
  /** From the end of the speech to its final text, the silence that ends the segment included. */
  readonly finalLatenciesMs: number[] = [];

  constructor(weight: number, speed: number) {
    this.weight = weight;
    this.hog = speed > 1;
    this.speed = speed;
  }
}
