// PostHog's SDK with one survey that an event shows; its server is played by the host (bench/widget_peers.py).
import posthog from 'posthog-js';

posthog.init('phc_bench', {api_host: location.origin, autocapture: false, capture_pageview: false, disable_session_recording: true, opt_out_useragent_filter: true});
window.peerShow = () => posthog.capture('go');
