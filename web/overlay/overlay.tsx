import { useEffect, useState } from 'preact/hooks';
import type { LiveLine } from '../../client-sdk/captions/live-cue.ts';
import { type RoundtableError, watchMeeting } from '../../client-sdk/index.ts';
import type { CaptionMessage } from '../../client-sdk/protocol.ts';
import { words } from '../i18n/language.ts';
import { describeTrouble, troubleFrom } from '../trouble/trouble.ts';
import type { OverlayOptions } from './options.ts';
import { Roll } from './roll.ts';

/** How often is looked whether a line is to roll out or to go. */
const LOOK_MS = 100;

interface LinesProps {
  readonly options: OverlayOptions;
  readonly lines: readonly LiveLine[];
}

/** Lines of captions over a picture, from a meeting. */
export function Overlay({ options }: { readonly options: OverlayOptions }) {
  const [lines, setLines] = useState<readonly LiveLine[]>([]);
  const [error, setError] = useState<RoundtableError | null>(null);
  useEffect(() => {
    const roll = new Roll(options);
    const { meeting, key } = options;
    const viewer = watchMeeting({
      url: location.origin,
      meeting,
      history: 0,
      ...(key === '' ? {} : { key }),
    });
    const hear = (message: CaptionMessage) => {
      roll.hear(message, performance.now());
      look();
    };
    const look = () =>
      setLines((before) => {
        const now = roll.linesAt(performance.now());

        return isSame(before, now) ? before : now;
      });
    viewer.on('partial', hear);
    viewer.on('final', hear);
    viewer.on('error', setError);
    const timer = setInterval(look, LOOK_MS);

    return () => {
      clearInterval(timer);
      viewer.close();
    };
  }, []);
  if (error) {
    const { title, help } = describeTrouble(troubleFrom(error), words.value);

    return (
      <p class="overlay-error" role="alert">
        {title} {help}
      </p>
    );
  }

  return <Lines options={options} lines={lines} />;
}

/** The lines themselves. Each begins at the same place, whatever is in it, so that no word moves while others come. */
export function Lines({ options, lines }: LinesProps) {
  const [vertical = 'bottom', horizontal = 'center'] = options.position.split('-');
  const style = {
    '--lines': String(options.lines),
    '--columns': String(options.chars),
    fontSize: `${options.size}px`,
    ...(options.color !== '' && { '--overlay-color': options.color }),
    ...(options.background !== '' && { '--overlay-background': options.background }),
    ...(options.font !== '' && { fontFamily: options.font }),
  };

  return (
    <div class={`overlay ${vertical} ${horizontal}`} style={style}>
      <div class="overlay-lines">
        {lines.map(({ captionId, speaker, text }, index) => (
          <p key={`${captionId} ${index}`}>
            <span>
              {speaker !== null && <b>{speaker}: </b>}
              {text}
            </span>
          </p>
        ))}
      </div>
    </div>
  );
}

function isSame(some: readonly LiveLine[], others: readonly LiveLine[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ captionId, text, speaker }, index) => {
      const other = others[index]!;
      return captionId === other.captionId && text === other.text && speaker === other.speaker;
    })
  );
}
