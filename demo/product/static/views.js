/** What each page shows: functions of the address that return nodes. */

import {bankLines, customerOf, customers, invoices, reports, team} from './data.js';
import {chart, el, money} from './dom.js';

const MONTHS = [5, 6, 7, 8, 9, 10];

/**
 * Find the page of a path.
 * @param {string} path @param {{t: (key: string) => string, language: string, role: string, act: Function, exportCsv: Function}} app
 * @returns {{title: string, nodes: Node[]}}
 */
export function view(path, app) {
  for (const [pattern, show] of ROUTES) {
    const found = path.match(pattern);
    const shown = found && show(app, Number(found[1]));
    if (shown) return shown;
  }
  return {title: '404', nodes: [el('p', {}, app.t('not_found'))]};
}

const ROUTES = [
  [/^\/(?:dashboard)?$/, dashboard],
  [/^\/reports$/, reportList],
  [/^\/reports\/(\d+)$/, report],
  [/^\/invoices$/, invoiceList],
  [/^\/invoices\/(\d+)$/, invoice],
  [/^\/customers$/, customerList],
  [/^\/customers\/(\d+)$/, customer],
  [/^\/reconcile$/, reconcile],
  [/^\/settings$/, settings],
  [/^\/team$/, members],
];

function dashboard(app) {
  const {t, language} = app;
  const total = (state) => invoices.filter((one) => one.state === state).reduce((sum, one) => sum + one.amount, 0);
  const card = (label, euros, kind) =>
    el('div', {class: `card figure ${kind}`}, el('span', {class: 'label'}, label), el('strong', {}, money(euros, language)));
  return {
    title: t('dashboard'),
    nodes: [
      el('div', {class: 'cards'},
        card(t('open_total'), total('open'), 'open'),
        card(t('overdue_total'), total('overdue'), 'overdue'),
        card(t('paid_total'), total('paid'), 'paid')),
      panel(t('paid_month'), chart([32, 41, 38, 52, 47, 61], months(language), t('paid_month'))),
      panel(t('overdue'), invoiceTable(app, invoices.filter((one) => one.state === 'overdue'))),
      actions(app, 'budget_alert', 'search'),
    ],
  };
}

function reportList(app) {
  const {t} = app;
  const cards = reports.map((one) =>
    el('a', {class: 'card report', href: `/reports/${one.id}`}, el('strong', {}, t(one.key)), chart(one.values, months(app.language), t(one.key))));
  return {title: t('reports'), nodes: [actions(app, 'search', 'apply_filter'), el('div', {class: 'cards wide'}, ...cards)]};
}

function report(app, id) {
  const {t} = app;
  const found = reports.find((one) => one.id === id) || {id, key: 'report', values: [21, 25, 19, 28, 30, 34]};
  const title = `${t(found.key)} ${found.id}`;
  return {
    title,
    nodes: [
      actions(app, 'export_csv', 'schedule_report', 'share_report', 'apply_filter'),
      panel(title, chart(found.values, months(app.language), title)),
      panel(t('invoices'), invoiceTable(app, invoices)),
    ],
  };
}

function invoiceList(app) {
  return {title: app.t('invoices'), nodes: [actions(app, 'create_invoice', 'export_csv', 'apply_filter', 'search'), panel(null, invoiceTable(app, invoices))]};
}

function invoice(app, id) {
  const {t, language} = app;
  const found = invoices.find((one) => one.id === id);
  if (!found) return null;
  const payer = customerOf(found.customer);
  return {
    title: `${t('invoice')} ${id}`,
    nodes: [
      actions(app, 'record_payment', 'send_reminder', 'duplicate_invoice', 'attach_receipt', 'convert_currency'),
      panel(null, facts([
        [t('customer'), el('a', {href: `/customers/${payer.id}`}, payer.name)],
        [t('amount'), money(found.amount, language)],
        [t('due'), day(found.due, language)],
        [t('status'), badge(app, found.state)],
      ])),
    ],
  };
}

function customerList(app) {
  const {t, language} = app;
  const rows = customers.map((one) => [el('a', {href: `/customers/${one.id}`}, one.name), one.city, money(one.open, language)]);
  return {title: t('customers'), nodes: [actions(app, 'search', 'export_csv'), panel(null, table([t('name'), t('city'), t('open_total')], rows))]};
}

function customer(app, id) {
  const {t} = app;
  const found = customerOf(id);
  if (!found) return null;
  const own = invoices.filter((one) => one.customer === id);
  return {title: found.name, nodes: [actions(app, 'create_invoice', 'send_reminder'), panel(t('invoices'), invoiceTable(app, own))]};
}

function reconcile(app) {
  const {t, language} = app;
  const rows = bankLines.map((line) => [
    line.text,
    money(line.amount, language),
    line.match ? el('a', {href: `/invoices/${line.match}`}, `${line.match}`) : t('no_match'),
  ]);
  return {
    title: t('reconcile'),
    nodes: [el('p', {class: 'hint'}, t('reconcile_hint')), actions(app, 'bank_import', 'record_payment'), panel(t('bank_lines'), table([t('name'), t('amount'), t('matches')], rows))],
  };
}

function settings(app) {
  return {title: app.t('settings'), nodes: [el('p', {class: 'hint'}, app.t('settings_hint')), actions(app, 'custom_fields', 'budget_alert')]};
}

function members(app) {
  const {t} = app;
  const invites = app.role === 'admin' ? actions(app, 'invite_teammate') : el('p', {class: 'hint'}, t('admins_only'));
  return {title: t('team'), nodes: [invites, panel(null, table([t('name'), t('role')], team.map((one) => [one.name, t(one.role)])))]};
}

function invoiceTable(app, list) {
  const {t, language} = app;
  return table(
    [t('number'), t('customer'), t('amount'), t('due'), t('status')],
    list.map((one) => [
      el('a', {href: `/invoices/${one.id}`}, `${one.id}`),
      customerOf(one.customer).name,
      money(one.amount, language),
      day(one.due, language),
      badge(app, one.state),
    ]),
  );
}

function actions(app, ...names) {
  const buttons = names.map((name, at) =>
    el('button', {type: 'button', class: at ? 'button' : 'button main', 'data-action': name, onclick: () => (name === 'export_csv' ? app.exportCsv() : app.act(name))}, app.t(name)));
  return el('div', {class: 'actions'}, ...buttons);
}

const panel = (title, body) => el('section', {class: 'card'}, title && el('h2', {}, title), body);
const badge = (app, state) => el('span', {class: `badge ${state}`}, app.t(state));
const facts = (pairs) => el('dl', {class: 'facts'}, ...pairs.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]));
const day = (iso, language) => new Intl.DateTimeFormat(language, {dateStyle: 'medium', timeZone: 'UTC'}).format(new Date(iso));
const months = (language) => MONTHS.map((month) => new Intl.DateTimeFormat(language, {month: 'short', timeZone: 'UTC'}).format(Date.UTC(2026, month, 1)));

function table(heads, rows) {
  return el('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': heads.join(', ')},
    el('table', {},
      el('thead', {}, el('tr', {}, ...heads.map((head) => el('th', {scope: 'col'}, head)))),
      el('tbody', {}, ...rows.map((row) => el('tr', {}, ...row.map((cell) => el('td', {}, cell)))))));
}
