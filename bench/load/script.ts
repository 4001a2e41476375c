/** A clip said by one stream. */
export interface Turn {
  /** Its place in the list of clips. */
  readonly clip: number;
  /** Where it begins in the stream's audio: a whole number of messages. */
  readonly startMs: number;
  readonly durationMs: number;
}

/** What one stream sends: room noise, but for its turns. */
export interface StreamPlan {
  readonly meeting: string;
  /** When the first sample is heard, in the run's time. */
  readonly joinMs: number;
  /** Where in the room noise, which is everybody's, this stream begins. */
  readonly noiseMs: number;
  readonly turns: readonly Turn[];
  /** Audio until `stop`: a whole number of messages. */
  readonly lengthMs: number;
  /** Times as fast as it would be spoken, as far as the server's flow control lets it. */
  readonly speed: number;
  /** When it stops in the run's time, however much of its audio is left. */
  readonly untilMs: number;
}

/** Who says what when, in all meetings. Times are the run's: 0 is when the first stream is heard. */
export interface Script {
  readonly plans: readonly StreamPlan[];
  /** From when all streams are there until turns no longer begin: what is judged. */
  readonly window: Window;
  /** Speech there as a share of the streams' audio there. */
  readonly dutyCycle: number;
  /** Seconds of speech there, over all streams. */
  readonly spokenSeconds: number;
}

/** A stretch of the run. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What a script is made from. */
export interface ScriptOptions {
  readonly clipsMs: readonly number[];
  readonly streams: number;
  /** Streams in a meeting; the last one may have fewer. */
  readonly participants: number;
  /** Length of the window. */
  readonly seconds: number;
  /** Audio in one message. */
  readonly messageMs: number;
  /** Time over which the meetings begin. */
  readonly rampMs: number;
  /** Another one has the meetings begin with other clips. */
  readonly seed: number;
}

/** From the end of a turn to the next speaker's. */
const GAP_MS = 300;
/** The same where one speaker is alone in a meeting: enough for captions to end in between. */
const LONE_GAP_MS = 2000;
/** Streams' noise is so far apart. */
const NOISE_STEP_MS = 1700;
const FIRST_TURN_MS = 500;
/** Noise after the last turn: the last caption ends by itself. */
const TAIL_MS = 2000;
/** Streams start at multiples of this, so that their messages do not all fall due at once and timers still share. */
const SLOT_MS = 5;
/**
 * Meetings begin this far apart in the list of clips and within the ramp, as a share of it: evenly spread however many
 * there are (H. Weyl, 1916).
 */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Meetings with one talker at a time: a whole clip, a short gap, and the next participant in turn says the next clip.
 * A turn that began before the window's end is finished; then noise follows, and the stream stops. More streams are the
 * same streams and further ones: a stream's plan does not depend on how many there are, but for the last, smaller meeting.
 */
export function planMeetings(options: ScriptOptions): Script {
  const { streams, participants, seconds, rampMs } = options;
  const window = { fromMs: rampMs + FIRST_TURN_MS, toMs: rampMs + FIRST_TURN_MS + seconds * 1000 };
  const meetings = Math.ceil(streams / participants);
  const plans = Array.from({ length: meetings }, (_, meeting) => {
    const first = meeting * participants;
    const size = Math.min(participants, streams - first);
    const beginMs = inSlots(rampMs * ((meeting * GOLDEN) % 1));
    const joinsMs = Array.from(
      { length: size },
      (_, i) => beginMs + (((first + i) * SLOT_MS) % options.messageMs),
    );

    return planMeeting(meeting, joinsMs, beginMs, window.toMs, options);
  }).flat();
  const spokenMs = plans.reduce((sum, plan) => sum + spokenWithin(plan, window), 0);

  return {
    plans,
    window,
    dutyCycle: spokenMs / (streams * seconds * 1000),
    spokenSeconds: spokenMs / 1000,
  };
}

/**
 * A stream that talks all the time, as fast as `speed`.
 * @param window when it begins and stops.
 */
export function planHog(index: number, speed: number, window: Window, options: ScriptOptions): StreamPlan {
  const { clipsMs, messageMs } = options;
  const lengthMs = inMessages((window.toMs - window.fromMs) * speed, messageMs);
  const order = clipOrder(clipsMs.length, index, options.seed + 1);
  const turns: Turn[] = [];
  for (let nextMs = FIRST_TURN_MS; nextMs < lengthMs; ) {
    const clip = order[turns.length % order.length]!;
    const turn = { clip, startMs: inMessages(nextMs, messageMs), durationMs: clipsMs[clip]! };
    turns.push(turn);
    nextMs = turn.startMs + turn.durationMs + GAP_MS;
  }

  return {
    meeting: `hog ${index}`,
    joinMs: window.fromMs,
    noiseMs: 0,
    turns,
    lengthMs,
    speed,
    untilMs: window.toMs,
  };
}

/** The same audio as fast as `speed`, from the beginning of the run. */
export function planAlone(plan: StreamPlan, speed: number): StreamPlan {
  return { ...plan, meeting: 'alone', joinMs: 0, speed };
}

/** Milliseconds of a stream's turns that fall into a stretch of the run, at the pace of speech. */
export function spokenWithin({ joinMs, turns }: StreamPlan, { fromMs, toMs }: Window): number {
  return turns.reduce((sum, { startMs, durationMs }) => {
    const begin = joinMs + startMs;

    return sum + Math.max(0, Math.min(begin + durationMs, toMs) - Math.max(begin, fromMs));
  }, 0);
}

function planMeeting(
  meeting: number,
  joinsMs: readonly number[],
  beginMs: number,
  endMs: number,
  { clipsMs, messageMs, seed }: ScriptOptions,
): readonly StreamPlan[] {
  const turns: Turn[][] = joinsMs.map(() => []);
  const gapMs = joinsMs.length === 1 ? LONE_GAP_MS : GAP_MS;
  const order = clipOrder(clipsMs.length, meeting, seed);
  let nextMs = beginMs + FIRST_TURN_MS;
  for (let i = 0; nextMs < endMs; i++) {
    const speaker = i % joinsMs.length;
    const clip = order[i % order.length]!;
    const startMs = inMessages(nextMs - joinsMs[speaker]!, messageMs);
    turns[speaker]!.push({ clip, startMs, durationMs: clipsMs[clip]! });
    nextMs = joinsMs[speaker]! + startMs + clipsMs[clip]! + gapMs;
  }

  return joinsMs.map((joinMs, i) => {
    const lengthMs = inMessages(Math.max(endMs - joinMs, endOf(turns[i]!)) + TAIL_MS, messageMs);

    return {
      meeting: `meeting ${meeting}`,
      joinMs,
      noiseMs: (meeting * joinsMs.length + i) * NOISE_STEP_MS,
      turns: turns[i]!,
      lengthMs,
      speed: 1,
      untilMs: Number.POSITIVE_INFINITY,
    };
  });
}

/** All clips, beginning somewhere else for each meeting and seed. */
function clipOrder(clips: number, meeting: number, seed: number): readonly number[] {
  const first = Math.floor(((meeting + seed) * GOLDEN * clips) % clips);

  return Array.from({ length: clips }, (_, i) => (first + i) % clips);
}

function endOf(turns: readonly Turn[]): number {
  const last = turns.at(-1);

  return last ? last.startMs + last.durationMs : 0;
}

function inMessages(ms: number, messageMs: number): number {
  return Math.ceil(ms / messageMs) * messageMs;
}

function inSlots(ms: number): number {
  return Math.floor(ms / SLOT_MS) * SLOT_MS;
}
