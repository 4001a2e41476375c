import { useState } from 'preact/hooks';
import { dayAndTime, words } from '../i18n/language.ts';
import { Icon } from '../shell/icon.tsx';
import { meetingPath } from '../shell/meeting-path.ts';
import { TroubleNotice } from '../trouble/trouble-notice.tsx';
import type { KeptMeeting } from './archive.ts';
import { DeleteDialog } from './delete-dialog.tsx';
import type { MeetingList } from './meeting-list.ts';

/** Names beside a meeting; others are counted. */
const SPEAKERS = 3;

interface MeetingsProps {
  readonly list: MeetingList;
  readonly onSearchIn: (meeting: string) => void;
  readonly onDeleted: (meeting: string) => void;
}

/** The meetings of which something is kept: to be read, searched and deleted. */
export function Meetings({ list, onSearchIn, onDeleted }: MeetingsProps) {
  const { archive } = words.value;
  const [doomed, setDoomed] = useState<KeptMeeting | null>(null);
  const meetings = list.meetings.value;
  const trouble = list.trouble.value;

  return (
    <section class="kept">
      <h2 id="kept" tabIndex={-1}>
        {archive.meetings}
      </h2>
      {trouble && trouble.code !== 'unauthorized' && (
        <>
          <TroubleNotice trouble={trouble} />
          <button type="button" class="button" onClick={() => void list.read()}>
            {archive.tryAgain}
          </button>
        </>
      )}
      {!meetings && !trouble && <p class="hint">{archive.reading}</p>}
      {meetings?.length === 0 && (
        <div class="nothing">
          <p>{archive.noMeetings}</p>
          <p>{archive.noMeetingsHint}</p>
        </div>
      )}
      <ul class="meetings">
        {(meetings ?? []).map((meeting) => (
          <Meeting
            key={meeting.meeting}
            meeting={meeting}
            onSearchIn={onSearchIn}
            onDelete={() => setDoomed(meeting)}
          />
        ))}
      </ul>
      {list.hasMore.value && (
        <button type="button" class="button" disabled={list.isReading.value} onClick={() => void list.more()}>
          {archive.more}
        </button>
      )}
      {doomed && (
        <DeleteDialog
          meeting={doomed}
          list={list}
          onClose={(isDeleted) => {
            setDoomed(null);
            if (isDeleted) onDeleted(doomed.meeting);
          }}
        />
      )}
    </section>
  );
}

interface MeetingProps {
  readonly meeting: KeptMeeting;
  readonly onSearchIn: (meeting: string) => void;
  readonly onDelete: () => void;
}

function Meeting({ meeting: kept, onSearchIn, onDelete }: MeetingProps) {
  const { archive } = words.value;
  const { meeting, lastSpokenAtMs, captions, speakers } = kept;
  const names = speakers.slice(0, SPEAKERS);

  return (
    <li class="card meeting">
      <div class="meeting-title">
        <h3>
          <a href={meetingPath(meeting)}>{meeting}</a>
        </h3>
        <p class="standing">
          <time dateTime={new Date(lastSpokenAtMs).toISOString()}>{dayAndTime(lastSpokenAtMs)}</time>
          <span>{archive.captions(captions)}</span>
          {names.length > 0 && <span>{archive.speakers(names, speakers.length - names.length)}</span>}
        </p>
      </div>
      <button
        type="button"
        class="button plain square"
        aria-label={archive.searchIn(meeting)}
        title={archive.searchIn(meeting)}
        onClick={() => onSearchIn(meeting)}
      >
        <Icon name="search" />
      </button>
      <button
        type="button"
        class="button plain square"
        aria-label={archive.delete(meeting)}
        title={archive.delete(meeting)}
        onClick={onDelete}
      >
        <Icon name="trash" />
      </button>
    </li>
  );
}
