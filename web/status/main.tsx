import './status.css';
import { useEffect } from 'preact/hooks';
import { words } from '../i18n/language.ts';
import { KeyPrompt } from '../shell/key-prompt.tsx';
import { Notice } from '../shell/notice.tsx';
import { Page, show } from '../shell/page.tsx';
import { deviceNames, LADDER_STEPS, modelNames, movedDevices, type StatusReport } from './report.ts';
import { StatusSource } from './status-source.ts';

const source = new StatusSource();

function Status() {
  const { status } = words.value;
  useEffect(() => {
    source.start();

    return () => source.stop();
  }, []);
  const report = source.report.value;
  const asking = source.asking.value;

  return (
    <Page current="status">
      <div class="status">
        <h1>{status.headline}</h1>
        {asking === 'unauthorized' && <KeyPrompt onKey={() => source.start()} />}
        {asking === 'unreachable' && (
          <Notice tone="danger" icon="alert" title={status.unreachable}>
            <span>{report ? status.unreachableOld : status.unreachableHint}</span>
          </Notice>
        )}
        {asking === 'asking' && !report && <p class="hint">{status.asking}</p>}
        {report && <Report report={report} />}
      </div>
    </Page>
  );
}

function Report({ report }: { readonly report: StatusReport }) {
  const { status } = words.value;
  const { streams, viewers, meetings, load } = report;

  return (
    <>
      {!report.ready && (
        <Notice tone="caution" icon="clock" title={status.notReady}>
          <span>{status.notReadyHint}</span>
        </Notice>
      )}
      {movedDevices(report).map(({ asked, why }) => (
        <Notice key={asked} tone="caution" icon="alert" title={status.moved(asked)}>
          <span lang="en">{why}</span>
        </Notice>
      ))}
      <Ladder report={report} />
      <dl class="figures">
        <Figure name={status.figures.streams} value={streams.open} />
        <Figure name={status.figures.waiting} value={streams.waiting} />
        <Figure name={status.figures.detached} value={streams.detached} />
        <Figure name={status.figures.viewers} value={viewers} />
        <Figure name={status.figures.meetings} value={meetings} />
      </dl>
      <section class="card">
        <h2>{status.work}</h2>
        <Busy report={report} />
        <dl class="rows">
          <Row name={status.rows.threads} value={status.threads(load.batchesInFlight, load.threads)} />
          <Row name={status.rows.backlog} value={status.seconds(load.backlogMs / 1000)} />
          <Row name={status.rows.queued} value={String(load.queuedSegments)} />
          <Row name={status.rows.buffered} value={status.seconds(load.bufferedAudioMs / 1000)} />
        </dl>
      </section>
      <section class="card">
        <h2>{status.server}</h2>
        <dl class="rows">
          <Row name={status.rows.version} value={report.version} />
          <Row name={status.rows.uptime} value={status.duration(report.uptimeMs)} />
          <Row name={status.rows.models} value={modelNames(report.models).join(', ') || '–'} />
          <Row name={status.rows.devices} value={deviceNames(report) || '–'} />
          {report.gpus?.map(({ index, name, usedBytes, totalBytes }) => (
            <Row key={index} name={name} value={status.memory(usedBytes / 2 ** 30, totalBytes / 2 ** 30)} />
          ))}
        </dl>
      </section>
    </>
  );
}

/** Where on the ladder from full service to refusal the server stands, and what that means. */
function Ladder({ report }: { readonly report: StatusReport }) {
  const { status } = words.value;
  const { step } = report.ladder;
  const known = Object.hasOwn(status.steps, step) ? status.steps[step] : null;

  return (
    <section class="card ladder" data-step={step}>
      <h2>{status.service}</h2>
      <ol>
        {LADDER_STEPS.map((each) => (
          <li key={each} aria-current={each === step ? 'step' : undefined}>
            {status.steps[each].title}
          </li>
        ))}
      </ol>
      <p>{known?.meaning ?? step}</p>
    </section>
  );
}

function Busy({ report }: { readonly report: StatusReport }) {
  const { status } = words.value;
  const { finals, partials } = report.load.busyShare;
  const percent = Math.round(Math.min(1, finals + partials) * 100);
  const points = source.busy.value;
  const width = Math.max(1, points.length - 1);
  const line = points.map((share, index) => `${index},${(1 - share) * 100}`).join(' ');

  return (
    <figure class="busy">
      <figcaption>
        <b>{percent} %</b> {status.busy(Math.round(finals * 100), Math.round(partials * 100))}
      </figcaption>
      <svg viewBox={`0 0 ${width} 100`} preserveAspectRatio="none" aria-hidden="true">
        <polyline points={line} />
      </svg>
    </figure>
  );
}

function Figure({ name, value }: { readonly name: string; readonly value: number }) {
  return (
    <div class="card figure">
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Row({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

show(<Status />, (words) => words.status.title);
