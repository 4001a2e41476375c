/** All text of the pages in English. `zh.ts` has the same keys; the types hold it to that. */
export const en = {
  shell: {
    skip: 'Skip to the contents',
    navigation: 'Pages',
    pages: { speak: 'Speak', recordings: 'Recordings', status: 'Status' },
    theme: (name: string) => `Colours: ${name}`,
    themes: { auto: 'Auto', light: 'Light', dark: 'Dark' },
    copied: 'Copied',
    tryAgainIn: (seconds: number) => `Try again in ${seconds} s.`,
  },
  key: {
    needed: 'This server asks for a key.',
    unknown: 'The server does not know this key.',
    explanation:
      'Whoever runs the server has given you one, or can. It is forgotten when you close this tab.',
    label: 'API key',
    go: 'Continue',
    inUse: 'You use an API key.',
    forget: 'Forget it',
  },
  host: {
    title: 'Speak · Roundtable',
    headline: 'Be read while you speak.',
    promise: 'Everybody in the meeting sees what you say as captions, a second after you said it.',
    points: [
      'Share one link, and others read along in any browser.',
      'Several people speak in one meeting, each from their own device.',
      'No account. The words stay on this server.',
    ],
    meeting: 'Meeting',
    meetingHint: 'Whoever enters the same name is in the same meeting.',
    speaker: 'Your name',
    speakerHint: 'Stands beside your captions. You may leave it empty.',
    source: 'What is heard',
    sources: { microphone: 'Microphone', tab: 'A tab’s sound' },
    tabHint: 'The browser asks for the tab. Tick “Share tab audio” there.',
    whichMicrophone: 'Which microphone',
    anyMicrophone: 'The system’s microphone',
    start: 'Start speaking',
    asking: 'Waiting for your permission …',
    askingHint: (source: 'microphone' | 'tab'): string =>
      source === 'microphone'
        ? 'The browser asks whether this page may use the microphone.'
        : 'Choose a tab, and tick “Share tab audio”.',
    privacy: 'The browser asks for the microphone when you start, not before.',
    onlyReading: 'Only reading along?',
    openCaptions: 'Open the captions',
    meetingPanel: 'Meeting',
    yourPart: 'Your part',
    states: {
      connecting: 'Connecting …',
      waiting: 'In the waiting room',
      live: 'You are heard',
      reconnecting: 'Connection lost',
      stopping: 'Finishing your last words …',
      closed: 'Stopped',
    },
    muted: 'Muted',
    mute: 'Mute',
    unmute: 'Unmute',
    stop: 'Stop',
    meter: {
      label: 'How loud you are heard',
      silent: 'Nothing is heard yet',
      quiet: 'Very quiet',
      good: 'Good',
      loud: 'Too loud',
      muted: 'Nobody hears you',
    },
    waiting: (ahead: number) =>
      ahead === 0 ? 'You are next.' : `${ahead} ${ahead === 1 ? 'person is' : 'people are'} ahead of you.`,
    waitingHint: (seconds: number | null) =>
      seconds === null
        ? 'The server is busy. You will be let in as soon as there is room.'
        : `The server is busy. It will take about ${seconds} s.`,
    reconnecting: 'The connection is lost.',
    reconnectingHint: 'Speak on: what you say is kept, and sent when the server is there again.',
    tryingAgain: 'This page tries again by itself. What you say is kept meanwhile.',
    diagnostics: {
      dead: {
        title: 'The microphone sends nothing at all.',
        help: 'Is it switched off, or muted by a button of its own? Else choose another one.',
      },
      clipping: {
        title: 'You are too loud.',
        help: 'Words are cut off. Move away from the microphone, or turn its level down.',
      },
      quiet: {
        title: 'You are hard to hear.',
        help: 'Move closer to the microphone, or turn its level up.',
      },
      'wrong-rate': {
        title: 'The sound comes too fast or too slow.',
        help: 'The microphone and the browser disagree about the sampling rate. Plug it in again, or choose another one.',
      },
    },
    lost: (seconds: number) => `${seconds} s of what you said are lost.`,
    lostHint: 'The connection was away for longer than this page can keep.',
    readersLink: 'Link for readers',
    copyLink: 'Copy link',
    others: 'Who else speaks',
    nobodyElse: 'Nobody has said anything yet.',
    ended: 'You have left the meeting.',
    summary: (captions: number, minutes: number) =>
      `You spoke for ${minutes < 1 ? 'less than a minute' : minutes === 1 ? 'a minute' : `${minutes} minutes`}, in ${captions} ${captions === 1 ? 'caption' : 'captions'}.`,
    again: 'Speak again',
    readOn: 'Read the captions',
    another: 'Another meeting',
  },
  transcript: {
    label: 'What is said',
    you: 'you',
    speaking: 'speaks',
    announcement: (speaker: string, text: string) => `${speaker}: ${text}`,
    jump: (missed: number) => (missed === 0 ? 'Jump to live' : `Jump to live (${missed} new)`),
    earlier: 'Show what was said before',
    earlierFailed: 'That did not work. Try again',
    sayHello: 'Say something.',
    sayHelloHint: 'Your words appear here as you speak.',
  },
  captions: {
    title: (meeting: string) => `${meeting} · Captions`,
    states: { connecting: 'Connecting …', live: 'Live', reconnecting: 'Connection lost', closed: 'Closed' },
    pause: 'Stay here',
    follow: 'Follow the newest',
    connecting: 'Connecting …',
    reconnecting: 'The connection is lost.',
    reconnectingHint: 'Trying again. What is said meanwhile will follow.',
    tryAgain: 'Try again',
    nobodyYet: 'Nobody has spoken yet.',
    nobodyYetHint: 'Captions appear here as soon as somebody does. You can leave this page open.',
    listening: 'Nobody speaks right now.',
    speakingNow: (names: readonly string[]) =>
      names.length > 3
        ? `${names.slice(0, 3).join(', ')} and others speak …`
        : `${names.join(', ')} ${names.length === 1 ? 'speaks' : 'speak'} …`,
    noMeeting: 'This address names no meeting.',
    toStart: 'To the start page',
  },
  search: {
    label: 'Search what was said',
    hits: (ordinal: number, hits: number) =>
      hits === 0 ? 'Nothing found' : ordinal === 0 ? `${hits} found` : `${ordinal} of ${hits}`,
    earlier: 'Earlier',
    later: 'Later',
    close: 'Close the search',
  },
  settings: {
    title: 'How captions look',
    textSize: 'Size of the text',
    smaller: 'Smaller',
    larger: 'Larger',
    step: (step: number, steps: number) => `${step} of ${steps}`,
    lineLength: 'Length of lines',
    lineLengths: { short: 'Short', medium: 'Medium', long: 'Long' },
    pace: 'Pace',
    paces: { live: 'At once', settled: 'Calm', finished: 'Finished' },
    paceHints: {
      live: 'Words come as they are heard; grey ones may still change.',
      settled: 'Only words that are likely to stay.',
      finished: 'Only whole captions that will not change.',
    },
    theme: 'Colours',
    contrast: 'Contrast',
    contrasts: { normal: 'Normal', more: 'High' },
    shortcuts: 'Keyboard shortcuts',
    onOff: { on: 'On', off: 'Off' },
    keys: [
      ['/', 'search'],
      ['P', 'stay here, or follow again'],
      ['L', 'jump to live'],
      ['+ −', 'larger, smaller'],
    ] as readonly (readonly [string, string])[],
  },
  downloads: {
    title: 'Download the transcript',
    formats: {
      txt: 'plain text',
      docx: 'for Word',
      srt: 'subtitles',
      vtt: 'subtitles for the web',
      json: 'for programs',
    },
    failed: 'There is no file.',
    unauthorized: 'The server asks for a key.',
    nothingYet: 'Nothing has been said in this meeting, or it was too long ago.',
  },
  share: {
    title: 'Share',
    explanation: 'Whoever has this link reads along.',
    copy: 'Copy link',
    send: 'Send …',
    speak: 'Speak in this meeting',
    overlay: 'Captions over a picture (OBS)',
  },
  service: {
    full: { title: 'All is well again.', meaning: '' },
    'slower-partials': {
      title: 'The server is busy.',
      meaning: 'Words appear a little less often than usual. None are lost.',
    },
    'finals-only': {
      title: 'The server is very busy.',
      meaning: 'Captions appear when a sentence is finished, not word by word. None are lost.',
    },
  },
  recordings: {
    title: 'Recordings · Roundtable',
    headline: 'Caption a recording.',
    promise: 'Drop audio or video files. They are read in this browser; only their sound goes to the server.',
    drop: 'Drop files here',
    dropHint: 'wav, flac, mp3, m4a, ogg, mp4 and whatever else this browser plays, up to 1 GB each',
    choose: 'Choose files',
    states: {
      queued: 'Waiting for the one before',
      decoding: 'Reading the file …',
      waiting: 'Waiting for the server …',
      captioning: 'Listening …',
      done: 'Done',
      failed: 'Failed',
    },
    length: (length: string) => `${length} long`,
    progress: (name: string) => `Progress of ${name}`,
    text: (name: string) => `Text of ${name}`,
    remove: (name: string) => `Remove ${name}`,
    save: (name: string, format: string) => `Save ${name} as ${format}`,
    retry: 'Try again',
    nothingHeard: 'No speech was heard in it.',
  },
  overlay: {
    title: 'Overlay · Roundtable',
    headline: 'Captions over a picture.',
    promise: 'A transparent page for OBS and other programs that mix video.',
    fields: {
      meeting: 'Meeting',
      lines: 'Lines',
      chars: 'Characters in a line',
      size: 'Size of the text (px)',
      hideAfterMs: 'Hide after silence (ms)',
      position: 'Place',
      color: 'Colour of the text',
      background: 'Colour behind it',
      names: 'Speakers’ names',
    },
    positions: {
      'top-left': 'Top left',
      top: 'Top',
      'top-right': 'Top right',
      middle: 'Middle',
      'bottom-left': 'Bottom left',
      bottom: 'Bottom',
      'bottom-right': 'Bottom right',
    },
    preview: 'What it will look like',
    sample: [
      'We will begin in a minute, and',
      'captions stand here while people speak.',
      'Each line rolls up when the next begins.',
      'Words never jump.',
      'So they can be read.',
      'At most six lines.',
    ] as readonly string[],
    needsMeeting: 'Enter a meeting to get the address of its overlay.',
    copy: 'Copy address',
    howTo: 'In OBS: Sources, +, Browser; paste the address; width and height as your canvas.',
  },
  status: {
    title: 'Status · Roundtable',
    headline: 'How the server fares.',
    asking: 'Asking the server …',
    unreachable: 'The server does not answer.',
    unreachableHint: 'Asked again every two seconds.',
    unreachableOld: 'What you see is what it said last. Asked again every two seconds.',
    notReady: 'The server is not ready yet.',
    notReadyHint: 'It loads its models. Newcomers are asked to wait.',
    service: 'Service',
    steps: {
      full: { title: 'Full service', meaning: 'Everybody gets captions word by word.' },
      'slower-partials': {
        title: 'Slower',
        meaning: 'Captions grow in larger steps. Newcomers are let in one after the other.',
      },
      'finals-only': {
        title: 'Finished only',
        meaning: 'Captions come when they are finished. Newcomers are let in one after the other.',
      },
      'waiting-room': {
        title: 'Waiting room',
        meaning: 'Captions come when they are finished. Newcomers wait until there is room.',
      },
      refuse: {
        title: 'Full',
        meaning:
          'Captions come when they are finished. Newcomers are turned away and told when to try again.',
      },
    },
    figures: {
      streams: 'people speaking',
      waiting: 'waiting to speak',
      detached: 'reconnecting',
      viewers: 'readers',
      meetings: 'meetings',
    },
    work: 'Work',
    busy: (finals: number, partials: number) =>
      `of the threads’ time is used: ${finals} % for finished captions, ${partials} % for growing ones`,
    threads: (busy: number, all: number) => `${busy} of ${all} at work`,
    seconds: (seconds: number) => `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`,
    duration: (lengthMs: number) => {
      const minutes = Math.floor(lengthMs / 60_000);
      const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
      if (days > 0) return `${days} d ${hours} h`;

      return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
    },
    server: 'Server',
    rows: {
      threads: 'Threads',
      backlog: 'Work that waits',
      queued: 'Captions that wait',
      buffered: 'Audio in memory',
      version: 'Version',
      uptime: 'Running for',
      models: 'Models',
    },
  },
  /** By code, of the server and of the browser. What has no words here is told as the server said it. */
  troubles: {
    'permission-denied': {
      title: 'The browser may not listen.',
      help: 'You, or a setting, said no. Allow the microphone for this page by the symbol beside its address, and start again.',
    },
    'no-microphone': {
      title: 'There is no microphone.',
      help: 'Plug one in, or switch it on in the settings of your system, and start again.',
    },
    'in-use': {
      title: 'The microphone is taken.',
      help: 'Another program uses it. End it there, and start again.',
    },
    'device-lost': {
      title: 'The microphone is gone.',
      help: 'Was it unplugged? What you said until then is in the captions.',
    },
    'not-supported': {
      title: 'This browser cannot do that.',
      help: 'Sound of a tab can be shared in Chrome and Edge on a computer. A microphone works in every current browser.',
    },
    'insecure-context': {
      title: 'Browsers allow microphones on secure pages only.',
      help: 'Open this page by https://, or as http://localhost on the computer the server runs on.',
    },
    'no-audio-shared': {
      title: 'The tab was shared without its sound.',
      help: 'Start again, and tick “Share tab audio” when you choose the tab.',
    },
    unauthorized: { title: 'The server asks for a key.', help: 'Enter it and try again.' },
    'taken-over': {
      title: 'You speak in another window.',
      help: 'The meeting goes on there. To speak here, start again.',
    },
    'out-of-range': {
      title: 'The server does not take these names.',
      help: 'Names have at most 128 characters, all on one line.',
    },
    busy: {
      title: 'The server is full.',
      help: 'More people speak than it can follow. Try again in a while.',
    },
    'too-many-streams': {
      title: 'There is no room for one more speaker.',
      help: 'Try again when somebody has left.',
    },
    'too-many-viewers': {
      title: 'There is no room for one more reader.',
      help: 'Try again when somebody has left.',
    },
    'not-ready': { title: 'The server is starting.', help: 'It loads its models. Try again in a minute.' },
    'too-many-uploads': { title: 'Many recordings are being sent now.', help: 'Try again in a moment.' },
    'bad-recording': {
      title: 'This recording cannot be read.',
      help: 'It may be damaged, or of a kind that the server does not know. Export it again, as WAV or FLAC if you can.',
    },
    'too-many-jobs': { title: 'The queue is full.', help: 'Try again when some recordings have finished.' },
    'queue-away': { title: 'The queue of recordings cannot be reached.', help: 'Try again in a minute.' },
    draining: { title: 'The server is being restarted.', help: 'Try again in a minute.' },
    'connection-lost': {
      title: 'The server cannot be reached.',
      help: 'Is your network up? If so, whoever runs the server should know.',
    },
    'not-audio': {
      title: 'This browser cannot read the file.',
      help: 'Is it audio or video? Save it as wav or mp3, for example with: ffmpeg -i FILE file.wav',
    },
    'too-large': {
      title: 'The file is larger than 1 GB.',
      help: 'Save its sound alone, or caption it with: npx roundtable transcribe FILE',
    },
    empty: { title: 'The file holds no sound.', help: 'Is it the right one?' },
    unexpected: { title: 'Something went wrong.', help: 'Try again.' },
  },
};

/** The same keys, with texts of any language. */
export type Words = typeof en;
