// Prints what LiveKit's plugin for OpenAI hears, of a recording and then live: node openai.mjs http://host:port samples.pcm (24 kHz)
import { readFileSync } from 'node:fs';
import { initializeLogger, stt } from '@livekit/agents';
import { STT } from '@livekit/agents-plugin-openai';
import { AudioFrame } from '@livekit/rtc-node';

const RATE = 24_000;
const FRAME_SAMPLES = RATE / 20;

const [url, file] = process.argv.slice(2);
initializeLogger({ pretty: false, level: 'warn' });
const samples = new Int16Array(new Uint8Array(readFileSync(file)).buffer);
const common = { apiKey: 'any', baseURL: `${url}/v1`, language: 'en' };

const recorded = await new STT({ ...common, model: 'whisper-1' }).recognize(
  new AudioFrame(samples, RATE, 1, samples.length),
);
console.log(recorded.alternatives[0].text);

const stream = new STT({ ...common, model: 'gpt-4o-transcribe', useRealtime: true }).stream();
for (let at = 0; at < samples.length; at += FRAME_SAMPLES) {
  const frame = samples.slice(at, at + FRAME_SAMPLES);
  stream.pushFrame(new AudioFrame(frame, RATE, 1, frame.length));
}
for await (const event of stream) {
  if (event.type !== stt.SpeechEventType.FINAL_TRANSCRIPT) continue;
  console.log(event.alternatives[0].text);
  break;
}
process.exit(0);
