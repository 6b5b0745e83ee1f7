// SurveyJS with the same two questions, drawn into a corner; it has no server of its own.
import {SurveyModel} from 'survey-core';
import sheet from 'survey-core/survey-core.fontless.min.css';
import 'survey-js-ui';

window.peerShow = () => {
  const style = document.createElement('style');
  style.textContent = sheet;
  document.head.append(style);
  const place = document.createElement('div');
  place.style.cssText = 'position:fixed;right:16px;bottom:16px;width:392px';
  document.body.append(place);
  new SurveyModel({
    elements: [
      {type: 'rating', name: 'score', title: 'How likely are you to recommend us?', rateMin: 0, rateMax: 10},
      {type: 'comment', name: 'why', title: 'Why?'},
    ],
  }).render(place);
};
