// Sends 1,000 events through @segment/analytics-node: `compat_client.mjs URL KEY BYTES`.
import {Analytics} from '@segment/analytics-node';

const [host, writeKey, filling] = process.argv.slice(2);
const analytics = new Analytics({writeKey, host, maxRetries: 10, flushInterval: 100});
for (let number = 0; number < 1000; number++) {
  const properties = Object.fromEntries(
    Array.from({length: Math.floor(filling / 1000)}, (_, place) => [`p${place}`, 'x'.repeat(1000)]),
  );
  analytics.track({userId: `u${number % 50}`, event: `node_feature_${number % 10}`, properties});
  if (number % 100 === 0) analytics.identify({userId: `u${number % 50}`, traits: {plan: 'pro'}});
}
await analytics.closeAndFlush({timeout: 120_000});
