import { useEffect, useRef, useState } from 'preact/hooks';
import { words } from '../i18n/language.ts';
import { Icon } from '../shell/icon.tsx';
import { Notice } from '../shell/notice.tsx';
import { FilePicker } from './file-picker.tsx';
import type { Playback } from './playback.ts';
import type { Recording } from './recording.ts';

interface PlayerProps {
  readonly recording: Recording;
  readonly playback: Playback;
}

/** Plays a recording out of the browser's own file: the server keeps none. */
export function Player({ recording, playback }: PlayerProps) {
  const { recordings } = words.value;
  const file = recording.file.value;
  const { isUnplayable } = playback;

  return (
    <div class={`player${file && !isUnplayable.value ? '' : ' missing'}`}>
      {!file && <p class="hint">{recordings.fileForgotten}</p>}
      {file && isUnplayable.value && (
        <Notice title={recordings.unplayable}>
          <span>{recordings.unplayableHint}</span>
        </Notice>
      )}
      {file && !isUnplayable.value && <Media file={file} playback={playback} />}
      {(recording.isFromBefore || isUnplayable.value) && (
        <FilePicker
          class={file ? 'button plain' : 'button'}
          label={(file ? recordings.chooseOther : recordings.chooseToListen)(recording.name)}
          isMultiple={false}
          onFiles={([chosen]) => {
            // Who thinks better of it keeps the one there is.
            if (!chosen) return;
            isUnplayable.value = false;
            recording.file.value = chosen;
          }}
        >
          <Icon name={file ? 'file' : 'play'} />
          {file ? recordings.listenToOther : recordings.listen}
        </FilePicker>
      )}
    </div>
  );
}

function Media({ file, playback }: { readonly file: File; readonly playback: Playback }) {
  const [address, setAddress] = useState<string | null>(null);
  const player = useRef<HTMLVideoElement & HTMLAudioElement>(null);
  useEffect(() => {
    const made = URL.createObjectURL(file);
    setAddress(made);

    return () => URL.revokeObjectURL(made);
  }, [file]);
  useEffect(() => (player.current ? playback.attach(player.current) : undefined), [address, playback]);
  if (address === null) return null;
  const shared = { ref: player, src: address, controls: true, 'aria-label': file.name };

  return file.type.startsWith('video/') ? <video {...shared} playsInline /> : <audio {...shared} />;
}
