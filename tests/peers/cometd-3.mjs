// Version 3 of the CometD project's JavaScript client: what older programs have.

import library from 'cometd-3';

import { clientOf } from './cometd.mjs';
import { scenarios as all } from './scenarios.mjs';

export const Client = clientOf(library.CometD);

const { receive, replay, cut } = all;
export const scenarios = { receive, replay, cut };
