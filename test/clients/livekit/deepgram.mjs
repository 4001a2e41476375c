// Prints the first final that LiveKit's plugin for Deepgram hears: node deepgram.mjs ws://host:port samples.pcm (16 kHz)
import { readFileSync } from 'node:fs';
import { initializeLogger, stt } from '@livekit/agents';
import { STT } from '@livekit/agents-plugin-deepgram';
import { AudioFrame } from '@livekit/rtc-node';

const RATE = 16_000;
const FRAME_SAMPLES = RATE / 10;

const [url, file] = process.argv.slice(2);
initializeLogger({ pretty: false, level: 'warn' });
const samples = new Int16Array(new Uint8Array(readFileSync(file)).buffer);
const stream = new STT({ apiKey: 'any', baseUrl: url, language: 'en-US' }).stream();
for (let at = 0; at < samples.length; at += FRAME_SAMPLES) {
  const frame = samples.slice(at, at + FRAME_SAMPLES);
  stream.pushFrame(new AudioFrame(frame, RATE, 1, frame.length));
}
// Its input stays open: the plugin hears one message more once that has ended, whichever it is.
for await (const event of stream) {
  if (event.type !== stt.SpeechEventType.FINAL_TRANSCRIPT) continue;
  console.log(event.alternatives[0].text);
  break;
}
process.exit(0);
