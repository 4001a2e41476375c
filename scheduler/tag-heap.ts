/** What a heap orders: lowest tag first, earlier turn first among equals. */
export interface Tagged {
  tag: number;
  /** Counts up within a ring. */
  turn: number;
  /** Where it is in each heap of its ring, by the heap's slot; -1 where it is not. */
  readonly places: number[];
}

/** Binary heap that knows where its members are, so that one may leave or move in logarithmic time. */
export class TagHeap<M extends Tagged> {
  readonly #slot: number;
  readonly #members: M[] = [];

  /** @param slot index of this heap in its members' `places`. */
  constructor(slot: number) {
    this.#slot = slot;
  }

  get first(): M | undefined {
    return this.#members[0];
  }

  get size(): number {
    return this.#members.length;
  }

  has(member: M): boolean {
    return member.places[this.#slot] !== -1;
  }

  /** Puts a member in or takes it out; nothing when it is so already. */
  set(member: M, present: boolean): void {
    if (present === this.has(member)) return;
    if (present) this.#up(member, this.#members.length);
    else this.#remove(member);
  }

  /** To be called when a member's tag or turn has changed; nothing when it is not here. */
  moved(member: M): void {
    const place = member.places[this.#slot]!;
    if (place === -1) return;
    this.#up(member, place);
    this.#down(member, member.places[this.#slot]!);
  }

  #remove(member: M): void {
    const place = member.places[this.#slot]!;
    member.places[this.#slot] = -1;
    const last = this.#members.pop()!;
    if (last === member) return;
    this.#put(last, place);
    this.moved(last);
  }

  #up(member: M, from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(member, this.#members[parent]!)) break;
      this.#put(this.#members[parent]!, place);
      place = parent;
    }
    this.#put(member, place);
  }

  #down(member: M, from: number): void {
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      const [left, right] = [this.#members[child], this.#members[child + 1]];
      if (!left) break;
      if (right && isBefore(right, left)) child++;
      const least = this.#members[child]!;
      if (!isBefore(least, member)) break;
      this.#put(least, place);
      place = child;
    }
    this.#put(member, place);
  }

  #put(member: M, place: number): void {
    this.#members[place] = member;
    member.places[this.#slot] = place;
  }
}

function isBefore(a: Tagged, b: Tagged): boolean {
  return a.tag < b.tag || (a.tag === b.tag && a.turn < b.turn);
}
