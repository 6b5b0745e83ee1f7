/** The sampling's slider and forecast while one turns it, and the preview's choices. */

import {get} from './fetched.js';

const form = document.getElementById('sampling');
const rate = form.elements.rate;
const slider = document.createElement('input');
Object.assign(slider, {type: 'range', min: '0', max: '100', step: '1'});
slider.value = rate.value;
slider.setAttribute('aria-label', 'In the sample, percent of people');
rate.before(slider);

let latest = 0;
let waiting = 0;

const forecast = async () => {
  const turn = ++latest;
  const wanted = new URLSearchParams(new FormData(form));
  for (const name of ['csrf_token', 'revision', 'begun']) wanted.delete(name);
  const part = (await get(`${form.getAttribute('action')}?${wanted}`))?.getElementById('forecast');
  if (part && turn === latest) document.getElementById('forecast').replaceWith(part);
};
const forecastSoon = () => {
  clearTimeout(waiting);
  waiting = setTimeout(forecast, 250);
};

slider.addEventListener('input', () => (rate.value = slider.value));
rate.addEventListener('input', () => (slider.value = rate.value));
form.addEventListener('input', () => form.checkValidity() && forecastSoon());

const choices = document.querySelector('.preview-form');
const frame = document.querySelector('iframe.preview');
const bare = frame.getAttribute('src');
choices.addEventListener('submit', (event) => event.preventDefault());
choices.addEventListener('change', () => {
  const wanted = new URLSearchParams(new FormData(choices));
  frame.classList.toggle('phone', wanted.get('width') === 'phone');
  wanted.delete('width');
  frame.src = `${bare}${bare.includes('?') ? '&' : '?'}${wanted}`;
});
