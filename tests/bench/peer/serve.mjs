// Serves with `settings.workers` processes: one by itself, several by Node's cluster.

import cluster from 'node:cluster';
import { createServer } from 'node:http';

const { workers, port } = JSON.parse(process.env.PEER_SETTINGS);

if (workers > 1 && cluster.isPrimary) {
  let ready = 0;
  cluster.on('listening', () => {
    ready += 1;
    if (ready === workers) process.stdout.write('ready\n');
  });
  for (let n = 0; n < workers; n += 1) cluster.fork();
  process.on('SIGTERM', () => cluster.disconnect(() => process.exit(0)));
} else {
  const { provider } = await import('./provider.mjs');
  const server = createServer(provider.callback());
  server.keepAliveTimeout = 75_000;
  server.listen(port, '127.0.0.1', () => workers === 1 && process.stdout.write('ready\n'));
  process.on('SIGTERM', () => process.exit(0));
}
