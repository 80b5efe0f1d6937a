//! The actions at the end of a job.

use super::super::definition::Action;
use super::order::{Ordering, Wanted};
use super::state::Engine;
use super::unit::State;

/// The most orders of one run, so that a folder that orders itself comes to an end.
const ORDERS_MAX: usize = 1_000;

impl Engine {
    /// Takes the actions of a unit that has ended with an exit code.
    pub(super) fn take_actions(&mut self, id: u64, exit: i32) {
        let Some(unit) = self.units.get(&id) else { return };
        let ok = unit.state == State::Ended { ok: true };
        let met = unit.node().conditions.iter().filter(|condition| condition.on.is_met(ok, exit));
        let actions: Vec<Action> = met.flat_map(|condition| condition.actions.clone()).collect();
        for action in actions {
            self.take_action(id, action);
        }
    }

    fn take_action(&mut self, id: u64, action: Action) {
        let Some(unit) = self.units.get(&id) else { return };
        let (own_server, date) = (unit.folder().server.clone(), unit.order_date);
        match action {
            Action::AddEvent(event) => {
                self.events.add(&own_server, &event, date);
                self.check_waiting(&event.name);
            }
            Action::DeleteEvent(event) => {
                self.events.delete(&own_server, &event, date);
            }
            Action::Run { server, folder, job } => {
                let run_id = self.order_of(unit).map(|order| order.run_id.clone()).unwrap_or_default();
                let server = if server.is_empty() { own_server } else { server };
                let jobs = if job.is_empty() { Vec::new() } else { vec![job] };
                // A folder that is not deployed is not run, as in Control-M.
                let orders = self.orders_by_run.get(&run_id).map_or(0, Vec::len);
                if orders < ORDERS_MAX {
                    self.order_again(&run_id, &Wanted { server, folder, jobs }, &Ordering::default());
                }
            }
            Action::Rerun => {
                if unit.runs <= unit.node().reruns_max {
                    self.runs_again(id);
                }
            }
            Action::Set { ok } => {
                if unit.state != (State::Ended { ok }) {
                    self.reopen_above(id);
                    self.ends(id, ok);
                }
            }
            Action::Tell { by, message, severity } => self.raise(id, (by, severity), message),
        }
    }
}
