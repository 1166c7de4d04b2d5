// Where the console begins.

import { start } from "./shell.js";
import { channelsPage } from "./channels.js";
import { eventPage } from "./event.js";
import { faultsPage } from "./faults.js";
import { livePage } from "./live.js";
import { nodePage } from "./node.js";
import { pushTopicPage } from "./pushtopics.js";
import { recordsPage } from "./records.js";
import { replayPage } from "./replay.js";
import { requestsPage } from "./requests.js";
import { schemasPage } from "./schemas.js";
import { subscribersPage } from "./subscribers.js";
import { usagePage } from "./usage.js";

start([
  { path: /^\/live$/, open: livePage },
  { path: /^\/event\/([^/]+)$/, open: eventPage },
  { path: /^\/subscribers$/, open: subscribersPage },
  { path: /^\/records$/, open: recordsPage },
  { path: /^\/channels(\/.+)?$/, open: channelsPage },
  { path: /^\/pushtopics\/([^/]+)$/, open: pushTopicPage, full: true },
  { path: /^\/replay$/, open: replayPage },
  { path: /^\/schemas(?:\/([^/]+))?$/, open: schemasPage },
  { path: /^\/faults$/, open: faultsPage, full: true },
  { path: /^\/requests$/, open: requestsPage, full: true },
  { path: /^\/usage$/, open: usagePage },
  { path: /^\/node$/, open: nodePage },
]);
