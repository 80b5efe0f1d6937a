//! A message with less in it, if its request would be too long to be stored.

use std::cmp::Reverse;

use super::Message;
use crate::processor::call::Request;
use crate::processor::notification::settings::Format;
use crate::processor::notification::text::cut;
use crate::processor::notification::told::Told;

/// The longest stored request, in bytes: twice this for each of 8 routes, and what they gather, is less than 1 MiB.
pub const REQUEST_BYTES_MAX: usize = 27 << 10;
/// The longest texts and names that are tried, in bytes, one after the other.
const TEXT_BYTES_MAX: [usize; 2] = [200, 100];
/// The most alerts at each end of a group that are tried then, in that order.
const SHOWN_AT_EACH_END: [usize; 4] = [4, 3, 2, 1];
/// The most groups with shown alerts that are tried then, in that order.
const SHOWN_GROUPS: [usize; 6] = [16, 12, 8, 4, 2, 0];
/// The longest names if all that is not enough, in bytes.
const NAME_BYTES_MAX: usize = 30;

impl Message {
    /// The request to a sink of this format, of at most [`REQUEST_BYTES_MAX`]: if there is more to tell, texts are cut, and then
    /// alerts are only counted.
    pub fn request(&self, format: Format) -> Request {
        if let Some(request) = self.fitting_request(format) {
            return request;
        }
        let mut message = self.clone();
        for max in TEXT_BYTES_MAX {
            message.cut_texts(max);
            if let Some(request) = message.fitting_request(format) {
                return request;
            }
        }
        for max in SHOWN_AT_EACH_END {
            message.show(max);
            if let Some(request) = message.fitting_request(format) {
                return request;
            }
        }
        for max in SHOWN_GROUPS {
            message.show_groups(max);
            if let Some(request) = message.fitting_request(format) {
                return request;
            }
        }
        message.groups.iter_mut().for_each(|(name, _)| *name = cut(std::mem::take(name), NAME_BYTES_MAX));
        message.whole_request(format)
    }

    fn fitting_request(&self, format: Format) -> Option<Request> {
        let request = self.whole_request(format);
        (request.encode().len() <= REQUEST_BYTES_MAX).then_some(request)
    }

    /// Cuts the texts of all alerts.
    fn cut_texts(&mut self, max: usize) {
        for alert in self.groups.iter_mut().flat_map(|(_, batch)| batch.first.iter_mut().chain(&mut batch.last)) {
            let Told { key, message, remedy, .. } = alert;
            for text in [key, message].into_iter().chain(remedy) {
                *text = cut(std::mem::take(text), max);
            }
        }
    }

    /// Shows at most so many alerts at each end of a group; the others are counted.
    fn show(&mut self, max: usize) {
        for (_, batch) in &mut self.groups {
            batch.first.truncate(max);
            let more = batch.last.len().saturating_sub(max);
            batch.last.drain(..more);
        }
    }

    /// Shows the alerts of at most so many groups, those of the highest severity.
    fn show_groups(&mut self, max: usize) {
        let mut batches: Vec<_> = self.groups.iter_mut().map(|(_, batch)| batch).collect();
        batches.sort_by_key(|batch| Reverse(batch.severity));
        for batch in batches.into_iter().skip(max) {
            batch.first.clear();
            batch.last.clear();
        }
    }
}
