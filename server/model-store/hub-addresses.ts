import { Failure } from '../failure.ts';
import type { CatalogueFile, Hub, HubRepository, HubSource } from './catalogue-entry.ts';
import type { Advice } from './download-failure.ts';
import type { Credentials } from './http-get.ts';

/** Where hubs and mirrors are, and who is asked first. */
export interface HubSettings {
  /** As `hubFault` lets it through. */
  readonly choice: string;
  /** Tokens: `HF_TOKEN`, `MODELSCOPE_API_TOKEN`, `MODEL_HUB_TOKEN`. */
  readonly env: NodeJS.ProcessEnv;
  /** Base address of each hub, without a slash at its end. */
  readonly bases: Readonly<Record<Hub, string>>;
}

/** The public hubs. */
export const publicHubs: Readonly<Record<Hub, string>> = {
  modelscope: 'https://www.modelscope.cn',
  huggingface: 'https://huggingface.co',
};

/** One place to look for a file. */
export interface Address {
  readonly url: string;
  /** Sent to the address' own origin only. */
  readonly credentials: Credentials | null;
  /** Addresses of one group stand and fall together: the other layouts of a mirror, the other files of a hub. */
  readonly group: string;
  readonly advice: Advice;
}

interface TokenRule {
  readonly variable: string;
  readonly headers: (token: string) => Readonly<Record<string, string>>;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

const hubTokens: Readonly<Record<Hub, TokenRule>> = {
  huggingface: { variable: 'HF_TOKEN', headers: bearer },
  // A cookie, as ModelScope's own client sends it: `get_cookies` in modelscope/hub/api.py.
  modelscope: { variable: 'MODELSCOPE_API_TOKEN', headers: (token) => ({ cookie: `m_session_id=${token}` }) },
};

const mirrorToken: TokenRule = { variable: 'MODEL_HUB_TOKEN', headers: bearer };

/**
 * Says where the files of one model may be had, in the order to try. What has answered once goes first from then on, so that
 * a hub that is out of reach, or a layout that a mirror has not, costs its time once and not for each file.
 */
export class HubAddresses {
  readonly #settings: HubSettings;
  #proven: string | null = null;

  constructor(settings: HubSettings) {
    this.#settings = settings;
  }

  /**
   * Where to look for a file.
   * @param model the model's name: a mirror that is a plain folder has a folder for each.
   * @throws {Failure} when a token is none.
   */
  of(model: string, file: CatalogueFile & { readonly source: HubSource }): readonly Address[] {
    const { choice } = this.#settings;
    const isMirror = choice.startsWith('http');
    const addresses = isMirror ? this.#onMirror(model, file) : this.#onHubs(file);

    return addresses.toSorted((a, b) => Number(b.group === this.#proven) - Number(a.group === this.#proven));
  }

  /** Notes that an address has answered with the file. */
  prove({ group }: Address): void {
    this.#proven = group;
  }

  #onHubs({ source: { repositories, path } }: CatalogueFile & { readonly source: HubSource }): Address[] {
    const { choice, bases } = this.#settings;
    const first = (hub: Hub) => Number(hub === choice);

    return repositories
      .toSorted((a, b) => first(b.hub) - first(a.hub))
      .map((repository) => ({
        url: `${bases[repository.hub]}${layouts[repository.hub](repository, path)}`,
        group: repository.hub,
        ...this.#access(bases[repository.hub], hubTokens[repository.hub]),
      }));
  }

  /** A mirror may have the layout of either hub, or be a folder of folders; which, only asking tells. */
  #onMirror(model: string, { name, source }: CatalogueFile & { readonly source: HubSource }): Address[] {
    const base = this.#settings.choice.replace(/\/+$/, '');
    const access = this.#access(base, mirrorToken);
    const ofHubs = (['huggingface', 'modelscope'] as const).flatMap((hub) =>
      source.repositories
        .filter((repository) => repository.hub === hub)
        .map((repository) => ({
          url: `${base}${layouts[hub](repository, source.path)}`,
          group: `${hub} layout`,
          ...access,
        })),
    );

    return [...ofHubs, { url: `${base}/${escapePath(`${model}/${name}`)}`, group: 'folders', ...access }];
  }

  #access(base: string, rule: TokenRule): Pick<Address, 'credentials' | 'advice'> {
    const { origin } = new URL(base);
    const token = this.#settings.env[rule.variable]?.trim() ?? '';
    if (/[^\x21-\x7e]/.test(token))
      throw new Failure(`${rule.variable} holds characters that no token has: set it anew.`);

    return {
      credentials: token === '' ? null : { origin, headers: rule.headers(token) },
      advice: {
        network:
          'Check the network and the proxy settings of npm ("npm config list"), or name another hub or a mirror with ' +
          '--model-hub, then pull again.',
        access: (host) =>
          token === ''
            ? `Put a token for it into ${rule.variable}, then pull again.`
            : `The token in ${rule.variable} does not open ${host}: set one that does, then pull again.`,
        absence: 'Name another hub, or a mirror that has it, with --model-hub.',
      },
    };
  }
}

type Layout = (repository: HubRepository, path: string) => string;

const layouts: Readonly<Record<Hub, Layout>> = {
  huggingface: ({ id, revision }, path) => `/${id}/resolve/${revision}/${escapePath(path)}`,
  modelscope: ({ id, revision }, path) => `/models/${id}/resolve/${revision}/${escapePath(path)}`,
};

function escapePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
