import { useState } from 'preact/hooks';
import { transcriptUrl } from '../../client-sdk/index.ts';
import { words } from '../i18n/language.ts';
import { keyHeaders } from '../shell/api-key.ts';
import { Icon } from '../shell/icon.tsx';
import { Notice } from '../shell/notice.tsx';
import { saveFile } from '../shell/save-file.ts';

const FORMATS = ['txt', 'docx', 'srt', 'vtt', 'json'] as const;
type Format = (typeof FORMATS)[number];

/** The transcript of a meeting as a file, in each format there is. */
export function Downloads({ meeting }: { readonly meeting: string }) {
  const { downloads } = words.value;
  const [trouble, setTrouble] = useState<string | null>(null);
  const [busy, setBusy] = useState<Format | null>(null);
  const get = async (format: Format) => {
    setTrouble(null);
    setBusy(format);
    try {
      await download(meeting, format);
    } catch (error) {
      setTrouble(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(null);
    }
  };

  return (
    <div class="downloads">
      <ul>
        {FORMATS.map((format) => (
          <li key={format}>
            <button
              type="button"
              class="button plain download"
              disabled={busy !== null}
              onClick={() => void get(format)}
            >
              <Icon name="download" />
              <span class="format">{format}</span>
              <span class="hint">{downloads.formats[format]}</span>
            </button>
          </li>
        ))}
      </ul>
      {trouble !== null && (
        <Notice tone="danger" icon="alert" title={downloads.failed}>
          <span>{trouble}</span>
        </Notice>
      )}
    </div>
  );
}

/** Fetched rather than linked to: the key goes in a header, and what the server says is read by somebody. */
async function download(meeting: string, format: Format): Promise<void> {
  const answer = await fetch(transcriptUrl(location.origin, meeting, format), { headers: keyHeaders() });
  if (!answer.ok) {
    const { downloads } = words.value;
    const known = { 401: downloads.unauthorized, 404: downloads.nothingYet }[answer.status];
    throw new Error(known ?? (await answer.text()).slice(0, 300));
  }
  saveFile(await answer.blob(), `${meeting}.${format}`);
}
