/** Everything the product shows. All of it is made up. */

export const customers = [
  {id: 31, name: 'Quiet Otter Lanterns', city: 'Northhaven', open: 1840},
  {id: 32, name: 'Paper Fox Teapots', city: 'Elm Harbour', open: 0},
  {id: 33, name: 'Tiny Moose Ladders', city: 'Grünfurt', open: 96.5},
  {id: 34, name: 'Humming Newt Umbrellas', city: 'Villanueva del Faro', open: 4210},
  {id: 35, name: 'Brave Snail Couriers', city: 'Pont-sur-Lune', open: 655.4},
  {id: 36, name: 'Purple Yak Stationery', city: 'Northhaven', open: 0},
];

export const invoices = [
  {id: 1042, customer: 34, amount: 4210, due: '2026-10-30', state: 'overdue'},
  {id: 1043, customer: 31, amount: 1840, due: '2026-12-04', state: 'open'},
  {id: 1044, customer: 35, amount: 655.4, due: '2026-12-11', state: 'open'},
  {id: 1045, customer: 33, amount: 96.5, due: '2026-11-02', state: 'overdue'},
  {id: 1046, customer: 32, amount: 2380, due: '2026-11-15', state: 'paid'},
  {id: 1047, customer: 36, amount: 318.2, due: '2026-11-18', state: 'paid'},
];

export const reports = [
  {id: 42, key: 'cash_flow', values: [32, 41, 38, 52, 47, 61]},
  {id: 43, key: 'aging', values: [58, 21, 12, 6, 4, 2]},
  {id: 44, key: 'revenue', values: [44, 46, 51, 49, 58, 66]},
  {id: 45, key: 'vat', values: [9, 11, 10, 13, 12, 15]},
];

export const bankLines = [
  {text: 'HUMMING NEWT 1042', amount: 4210, match: 1042},
  {text: 'TRANSFER 88-1', amount: 655.4, match: 1044},
  {text: 'CARD SETTLEMENT', amount: 212.9, match: null},
];

export const team = [
  {name: 'Demo User A', role: 'admin'},
  {name: 'Demo User B', role: 'manager'},
  {name: 'Demo User C', role: 'analyst'},
  {name: 'Demo User D', role: 'member'},
];

export const customerOf = (id) => customers.find((one) => one.id === id);
