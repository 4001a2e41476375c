import type { ServiceMessage } from '../../client-sdk/protocol.ts';
import type { Clock } from '../clock.ts';
import { StreamError } from '../errors.ts';
import { AdmissionControl, type AdmissionLimits, type AdmissionState, type Refusal } from './admission.ts';
import { Ladder, type LadderChange, type LadderStep } from './ladder.ts';
import type { BusyShare, LoadSample } from './load.ts';
import { WaitingRoom } from './waiting-room.ts';

/** A stream that wants to be let in, as the door sees it. */
export interface Guest {
  /** Its share among others: those of more weight wait in front. */
  readonly weight: number;
  /** Lets it in. */
  admit(): void;
  tellPlace(ahead: number, expectedWaitMs: number | null): void;
  /** Tells it what streams get. @param partialPace multiplies the interval between its partials. */
  serve(message: ServiceMessage, partialPace: number): void;
  /** One of the above threw, at a time when nobody asked: it ends, and no other. */
  fault(error: unknown): void;
}

/** What the door measures with, and whom it tells. */
export interface FrontDoorOptions extends AdmissionLimits {
  readonly clock: Clock;
  readonly sample: () => LoadSample;
  /** What streams get has changed: everybody who is in has heard; viewers have not. */
  readonly onService: (message: ServiceMessage) => void;
  readonly onStep: (change: LadderChange) => void;
  /** Somebody who waited was let in. */
  readonly onAdmitted: (waitedMs: number) => void;
}

/** How often the load is looked at, those who wait are let in, and places are told. */
const TICK_MS = 500;

/** Lets streams in as the load allows, has the others wait, and tells everybody where they stand. */
export class FrontDoor {
  readonly #options: FrontDoorOptions;
  readonly #ladder = new Ladder();
  readonly #control: AdmissionControl;
  readonly #room: WaitingRoom<Guest>;
  readonly #inside = new Set<Guest>();
  readonly #arrivedAtMs = new WeakMap<Guest, number>();
  #message: ServiceMessage = { type: 'service', level: 'full', reason: 'recovered' };
  #cancelTick: () => void = () => {};

  constructor(options: FrontDoorOptions) {
    this.#options = options;
    this.#control = new AdmissionControl(options);
    this.#room = new WaitingRoom(options.maxWaiting);
    this.#tickLater();
  }

  get step(): LadderStep {
    return this.#ladder.step;
  }

  /** Smoothed over some seconds. */
  get busyShare(): BusyShare {
    return this.#ladder.busyShare;
  }

  /** Streams in the waiting room. */
  get waiting(): number {
    return this.#room.size;
  }

  /** Streams that have been let in and have not left. */
  get inside(): number {
    return this.#inside.size;
  }

  /** Lets a guest in, or has it wait. @throws {StreamError} when it can do neither. */
  ask(guest: Guest): void {
    const nowMs = this.#options.clock.now();
    const decision = this.#control.arrive(this.#state(), nowMs);
    if (decision.kind === 'refuse') throw refused(decision);
    if (decision.kind === 'admit') {
      this.#letIn(guest);
      return;
    }
    // The control has counted who is there.
    const place = this.#room.join(guest, guest.weight, nowMs)!;
    this.#arrivedAtMs.set(guest, nowMs);
    guest.tellPlace(place.ahead, place.expectedWaitMs);
  }

  /** Lets a guest in at once who was in before, in whichever process: it has waited its turn. */
  readmit(guest: Guest): void {
    this.#letIn(guest);
  }

  /** Why one is refused who may not even ask, because nobody more may be inside or wait. */
  turnAway(): StreamError {
    return refused(this.#control.refuse('too-many-streams', this.#state(), this.#options.clock.now()));
  }

  /** A guest is gone, from inside or from the waiting room. Idempotent. */
  left(guest: Guest): void {
    if (!this.#inside.delete(guest)) this.#room.leave(guest);
  }

  /** Lets nobody in any more and tells nothing. Idempotent. */
  close(): void {
    this.#cancelTick();
    this.#cancelTick = () => {};
    this.#room.clear();
  }

  #tickLater(): void {
    this.#cancelTick = this.#options.clock.after(TICK_MS, () => {
      this.#tickLater();
      this.#tick();
    });
  }

  #tick(): void {
    const { clock, sample, onAdmitted } = this.#options;
    const change = this.#ladder.observe(sample(), clock.now());
    if (change) this.#announce(change);
    const nowMs = clock.now();
    while (this.#control.admitsNext(this.#state(), nowMs)) {
      const guest = this.#room.admit(nowMs)!;
      onAdmitted(nowMs - this.#arrivedAtMs.get(guest)!);
      guarded(guest, () => this.#letIn(guest));
    }
    for (const { entry, ahead, expectedWaitMs } of this.#room.places(nowMs)) {
      guarded(entry, () => entry.tellPlace(ahead, expectedWaitMs));
    }
  }

  #announce(change: LadderChange): void {
    const { onStep, onService } = this.#options;
    onStep(change);
    const { service, partialPace } = this.#ladder.meaning;
    if (service === this.#message.level) return;
    this.#message = { type: 'service', level: service, reason: change.reason };
    for (const guest of [...this.#inside]) guarded(guest, () => guest.serve(this.#message, partialPace));
    onService(this.#message);
  }

  #letIn(guest: Guest): void {
    this.#inside.add(guest);
    guest.admit();
    if (this.#message.level !== 'full') guest.serve(this.#message, this.#ladder.meaning.partialPace);
  }

  #state(): AdmissionState {
    const { busyShare } = this.#ladder;

    return {
      step: this.#ladder.step,
      open: this.#inside.size,
      waiting: this.#room.size,
      busyShare,
    };
  }
}

/** What fails for one guest is that guest's alone: the others are still to be let in and told. */
function guarded(guest: Guest, action: () => void): void {
  try {
    action();
  } catch (error) {
    guest.fault(error);
  }
}

function refused({ code, retryAfterMs }: Refusal): StreamError {
  return new StreamError(code, undefined, { retryAfterMs });
}
