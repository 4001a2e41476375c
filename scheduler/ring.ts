import type { Priority } from './scheduler.ts';
import { type Tagged, TagHeap } from './tag-heap.ts';

/** In the order they go. */
export const PRIORITIES: readonly Priority[] = ['final', 'candidate', 'partial', 'background'];

const HEAPS = PRIORITIES.length + 2;

/** What shares a ring. Its fields are the ring's to write. */
export class Member implements Tagged {
  tag = 0;
  turn = 0;
  readonly places: number[] = new Array<number>(HEAPS).fill(-1);
  /** Whether it has a job queued or running. */
  active = false;
}

/**
 * Members that share something by start-time fair queueing (Goyal, Vin and Cheng, "Start-time fair queueing: a
 * scheduling algorithm for integrated services packet switching networks", 1997). A member's tag counts the cost it
 * was charged, over its weight; the lowest is next. A member that gets something to run starts at the ring's time if
 * its tag is behind it: no credit is saved up while there is nothing to run. The ring's time is the lowest tag of
 * those that could be served; it never goes back.
 *
 * By its priority a job may go before those of members with lower tags, but only as long as its own member leads the
 * ring's time by `maxLead` at most. So a member's tag never exceeds another backlogged one's by more than that and
 * one charge, whatever the priorities.
 */
export class Ring<M extends Member> {
  readonly #maxLead: number;
  readonly #byPriority: Readonly<Record<Priority, TagHeap<M>>>;
  /** Those with something that may run now. */
  readonly #backlogged = new TagHeap<M>(PRIORITIES.length);
  /** Those with nothing queued or running, whose tags are still ahead. */
  readonly #resting = new TagHeap<M>(PRIORITIES.length + 1);
  #time = 0;
  #turns = 0;
  #active = 0;

  /** @param maxLead in milliseconds of cost over weight. */
  constructor(maxLead: number) {
    this.#maxLead = maxLead;
    const heap = (priority: Priority) => new TagHeap<M>(PRIORITIES.indexOf(priority));
    this.#byPriority = {
      final: heap('final'),
      candidate: heap('candidate'),
      partial: heap('partial'),
      background: heap('background'),
    };
  }

  /** Whether no member has a job queued or running. */
  get idle(): boolean {
    return this.#active === 0;
  }

  /** Whose turn it is among those with a job of the priority, if it leads by no more than it may. */
  first(priority: Priority): M | undefined {
    const first = this.#byPriority[priority].first;
    this.#advance();

    return first && first.tag <= this.#time + this.#maxLead ? first : undefined;
  }

  /** Whether some member has something that may run now. */
  get backlogged(): boolean {
    return this.#backlogged.size > 0;
  }

  /**
   * Says what an active member has that may run now.
   * @param backlogged whether it has anything, some of it perhaps set aside.
   */
  offer(member: M, backlogged: boolean, has: (priority: Priority) => boolean): void {
    this.#setActive(member, true);
    if (backlogged && !this.#backlogged.has(member)) {
      this.#advance();
      member.tag = Math.max(member.tag, this.#time);
      member.turn = this.#turns++;
    }
    for (const priority of PRIORITIES) this.#byPriority[priority].set(member, has(priority));
    this.#backlogged.set(member, backlogged);
  }

  /** Says that a member has nothing queued or running. */
  rest(member: M): void {
    this.#setActive(member, false);
    for (const priority of PRIORITIES) this.#byPriority[priority].set(member, false);
    this.#backlogged.set(member, false);
    this.#resting.set(member, true);
  }

  /** Takes a member out of the turns of one priority until it is offered again. */
  setAside(member: M, priority: Priority): void {
    this.#byPriority[priority].set(member, false);
  }

  /** Charges a member whose turn has come: among equals it is now the last. */
  serve(member: M, amount: number): void {
    member.turn = this.#turns++;
    this.charge(member, amount);
  }

  /** Charges a member, or gives back what is below 0. */
  charge(member: M, amount: number): void {
    member.tag += amount;
    for (const priority of PRIORITIES) this.#byPriority[priority].moved(member);
    this.#backlogged.moved(member);
    this.#resting.moved(member);
  }

  /** Forgets a member, and how far ahead it was. */
  leave(member: M): void {
    this.rest(member);
    this.#resting.set(member, false);
  }

  /**
   * Forgets the resting members that are not ahead of the ring's time: they would start there anyway. When the ring is
   * idle that is all of them. The paper moves the time up to the highest tag then, which comes to the same: whoever
   * is next starts with nobody ahead.
   */
  forget(): M[] {
    this.#advance();
    const forgotten: M[] = [];
    for (let first = this.#resting.first; first; first = this.#resting.first) {
      if (first.tag > this.#time && !this.idle) break;
      this.#resting.set(first, false);
      forgotten.push(first);
    }

    return forgotten;
  }

  #advance(): void {
    const first = this.#backlogged.first;
    if (first && first.tag > this.#time) this.#time = first.tag;
  }

  #setActive(member: M, active: boolean): void {
    if (active) this.#resting.set(member, false);
    if (member.active === active) return;
    member.active = active;
    this.#active += active ? 1 : -1;
  }
}
