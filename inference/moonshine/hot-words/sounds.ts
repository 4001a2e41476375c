/** Every sound there is, a letter for each: `S` as in she, `C` chair, `T` thin, `N` sing, `J` judge. */
const CONSONANTS = 'pbtdkgfvTszSJCmnNlrwyh';
const VOWELS = 'aeiou';

/** Sounds as numbers from 0. */
export type Sounds = Uint8Array;

/** How many different sounds there are. */
export const SOUND_COUNT = CONSONANTS.length + VOWELS.length;

/** Number of a sound, by its letter. */
export function soundNumber(letter: string): number {
  return (CONSONANTS + VOWELS).indexOf(letter);
}

/** Whether a sound is a vowel. */
export function isVowel(sound: number): boolean {
  return sound >= CONSONANTS.length;
}

/** What a whole word's spelling is taken for before it is read letter by letter. */
const WORD_RULES: readonly (readonly [RegExp, string])[] = [
  [/^mc(?=[^h])/, 'mac'],
  [/^[kgp]n/, 'n'],
  [/^wr/, 'r'],
  [/^ps/, 's'],
  [/^x/, 'z'],
  [/^wh(?=o)/, 'h'],
  [/^rh/, 'r'],
  [/mb$/, 'm'],
  [/mn$/, 'm'],
  [/stle(?=s?$)/, 'sl'],
  // A silent e, but not the only vowel.
  [/([aeiouy].*[^aeiou])e$/, '$1'],
  [/([aeiouy].*[^aeioucghsxz])e(?=s$)/, '$1'],
  [/([aeiouy].*[^aeioudt])e(?=d$)/, '$1'],
];

/**
 * How letters are read, the longest that fits first. An approximation of English, which is also how people spell what
 * they hear; where spelling leaves it open, the distance between the readings is small.
 */
const LETTERS = readings(`
  tch=C dge=J school=skul schem=skem sch=S tion=Sn sion=Sn cian=Sn tious=Ss cious=Ss tial=Sl cial=Sl ture=Cr sure=Sr ough=o augh=o eigh=e
  igh=ai ch=C sh=S ph=f th=T gh= ck=k cq=k qu=kw q=k x=ks ng=N nk=Nk wh=w zh=S sc=sk sce=se sci=si ce=se ci=si cy=si
  c=k ge=Je gi=Ji gy=Ji g=g j=J kh=k dh=d bh=b ee=i ea=i ie=i ei=i ey=i oo=u ou=u ew=u ue=u ui=u eu=u ai=e ay=e au=o
  aw=o oa=o ow=o oe=o ae=e oi=oi oy=oi ah=a eh=e oh=o uh=u ih=i ya=ya ye=ye yo=yo yu=yu a=a e=e i=i o=o u=u y=i b=b
  d=d f=f h=h k=k l=l m=m n=n p=p r=r s=s t=t v=v w=w z=z`);
const LONGEST = Math.max(...[...LETTERS.keys()].map(({ length }) => length));

/** How the digits are said. */
const DIGITS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

/** How the letters' names are spelled, for words that are said letter by letter. */
const NAMES = readings(`
  a=ay b=bee c=see d=dee e=ee f=ef g=jee h=aytch i=igh j=jay k=kay l=el m=em n=en o=oh p=pee q=kew r=ar s=es t=tee
  u=yew v=vee w=dubelyew x=ex y=wigh z=zee`);

/** How a word sounds, by its spelling: letters with or without accents, digits; the rest is silent. */
export function soundsOf(word: string): Sounds {
  return Uint8Array.from(soundLetters(plainLetters(word)), soundNumber);
}

/** How a word sounds that is said letter by letter, as abbreviations are. */
export function spelledSoundsOf(word: string): Sounds {
  const names = [...plainLetters(word)].map((letter) => soundLetters(NAMES.get(letter)!));

  return Uint8Array.from(names.join(''), soundNumber);
}

/** Lower case, without accents, with digits spelled out, and nothing else. */
export function plainLetters(word: string): string {
  return word
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\d/g, (digit) => DIGITS[Number(digit)]!)
    .replaceAll('ß', 'ss')
    .replaceAll('æ', 'ae')
    .replaceAll(/[øœ]/g, 'oe')
    .replaceAll('ł', 'l')
    .replaceAll(/[đð]/g, 'd')
    .replaceAll('þ', 'th')
    .replaceAll(/[^a-z]/g, '');
}

function soundLetters(letters: string): string {
  const spelling = WORD_RULES.reduce((word, [pattern, to]) => word.replace(pattern, to), letters);
  let sounds = '';
  let at = 0;
  while (at < spelling.length) {
    let length = LONGEST;
    while (length > 1 && !LETTERS.has(spelling.slice(at, at + length))) length--;
    for (const sound of LETTERS.get(spelling.slice(at, at + length)) ?? '') {
      // A doubled letter is one sound.
      if (sound !== sounds.at(-1)) sounds += sound;
    }
    at += length;
  }

  return sounds;
}

function readings(table: string): ReadonlyMap<string, string> {
  return new Map(
    table
      .trim()
      .split(/\s+/)
      .map((pair) => pair.split('=') as [string, string]),
  );
}
