// Sentry's feedback form, opened by hand; it asks no server before something is sent.
import {feedbackIntegration, init} from '@sentry/browser';

const feedback = feedbackIntegration({autoInject: false});
init({dsn: `http://key@${location.host}/1`, integrations: [feedback]});
window.peerShow = async () => {
  const form = await feedback.createForm();
  form.appendToDom();
  form.open();
};
