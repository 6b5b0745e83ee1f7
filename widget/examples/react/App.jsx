import {zeroten} from 'zeroten';
import {useZeroten} from './useZeroten.js';

/** Ask after an export has worked; page changes of the router are noticed by themselves. */
export function App({user, exportReport, signOut}) {
  useZeroten({key: 'pk_your_publishable_key', host: 'https://zeroten.example.com', user});

  async function handleExport() {
    await exportReport();
    zeroten('track', 'export_done');
  }

  function handleSignOut() {
    zeroten('reset');
    signOut();
  }

  return (
    <main>
      <button onClick={handleExport}>Export</button>
      <button onClick={() => zeroten('open')}>Give feedback</button>
      <button onClick={handleSignOut}>Sign out</button>
    </main>
  );
}
