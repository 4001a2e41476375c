import {
  ScriptedRecognizer,
  type ScriptedRecognizerOptions,
} from '../../inference/doubles/scripted-recognizer.ts';
import type { Clock } from '../../server/clock.ts';
import { readConfig } from '../../server/config/config.ts';
import type { OptionName } from '../../server/config/options.ts';
import { BufferedRecorder, type RecorderBounds } from '../../server/history/buffered-recorder.ts';
import { Lobby } from '../../server/net/lobby.ts';
import { MaskList } from '../../server/text/mask-list.ts';
import { UNOBSERVED, UnsteadyStore } from './history.ts';
import { type ServedModelTerms, servedModels } from './served-models.ts';
import { settle } from './settle.ts';
import { createEars, type Ears, lengthAsText } from './speech-stream-rig.ts';

/** How a server without sockets is made. */
export interface LobbyTerms {
  readonly flags?: Partial<Record<OptionName, string>>;
  readonly bounds?: RecorderBounds;
  /** Awaited before each batch is answered. */
  readonly gate?: (clock: Clock) => Promise<void>;
  /** What is heard; its length when left out. */
  readonly script?: ScriptedRecognizerOptions['script'];
  /** Languages that the model knows; English when left out. */
  readonly languages?: readonly string[];
  /** What the model does that is not usual. */
  readonly model?: Partial<ServedModelTerms>;
  /** What nobody is to read on the server. */
  readonly mask?: readonly string[];
  /** Several models in its place, which hear their names and what `script` says. */
  readonly models?: readonly [ServedModelTerms, ...ServedModelTerms[]];
  /** Of a server that was here before; a new one when left out. */
  readonly store?: UnsteadyStore;
}

/** A server without sockets, whose store can be away, and whose time stands still. */
export function openLobby({
  flags = {},
  bounds,
  gate,
  script = lengthAsText,
  languages = ['en'],
  model = {},
  mask = [],
  models,
  store = new UnsteadyStore(),
}: LobbyTerms = {}) {
  const gated = (hears: typeof script) =>
    new ScriptedRecognizer({ script: hears, gate: async () => gate?.(ears.clock) });
  const named = models?.map(({ name }) => gated((segment) => `${name}: ${lengthAsText(segment)}`)) ?? [];
  const [first = gated(script), ...others] = named;
  const ears: Ears = createEars([first, ...others]);
  const lobby = new Lobby(readConfig(flags, {}), ears.clock);
  const recorder = new BufferedRecorder(store, ears.clock, UNOBSERVED, bounds);
  const open = () =>
    lobby.open({
      ...ears,
      recognizers: servedModels(...(models ?? [{ name: 'model', languages, ...model }])),
      vad: { name: 'vad', hash: '0'.repeat(64) },
      mask: MaskList.of(mask),
      recorder,
      transcripts: { finals: (meeting, query) => recorder.finalsOfMeeting(meeting, query) },
    });
  const run = async (ms: number) => {
    for (let at = 0; at < ms; at += 20) {
      ears.clock.advance(20);
      await settle();
    }
  };
  /** Lets time pass until it has settled. */
  const over = async <T>(work: Promise<T>): Promise<T> => {
    let isOver = false;
    const note = () => {
      isOver = true;
    };
    work.then(note, note);
    for (let turns = 0; !isOver && turns < 20_000; turns++) await run(20);

    return work;
  };

  return { lobby, store, clock: ears.clock, open, run, over };
}
