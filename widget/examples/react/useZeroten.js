import {useEffect} from 'react';
import {init, zeroten} from 'zeroten';

/**
 * Start Zeroten once and keep it told who is signed in; on signing out call `zeroten('reset')`.
 * Strict mode runs effects twice: both calls may come twice.
 * @param {{key: string, host: string, user: {id: string, role: string, account: string} | null}} options
 */
export function useZeroten({key, host, user}) {
  useEffect(() => {
    init({key, host});
  }, [key, host]);

  const {id, role, account} = user ?? {};
  useEffect(() => {
    if (id) zeroten('identify', id, {traits: {role}, account});
  }, [id, role, account]);
}
