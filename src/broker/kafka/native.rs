//! librdkafka's C interface where rust-rdkafka has no safe binding: all unsafe code of sheaf, behind a safe interface.
//!
//! | what | why not rust-rdkafka |
//! |---|---|
//! | [`Queue`], [`Batch`] | it has no batch consumption, and `poll` per message costs three times as much |
//! | [`Event`] | its `poll` and `flush` run for their whole time-out, so a commit costs 100 ms |
//! | [`Client::produce`] | it looks the topic up and makes a C string for each record |
//! | transactions | its `commit_transaction` flushes, as above; it hides the group's generation |
//!
//! Why the interface is safe: every object holds its client ([`Client`], reference-counted), so no queue, topic or
//! message outlives the client that made it; librdkafka itself may be called from any thread.
#![expect(unsafe_code, reason = "librdkafka's C functions need it; all other files of sheaf forbid it")]

use std::any::Any;
use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char};
use std::marker::PhantomData;
use std::ptr::{NonNull, null, null_mut};
use std::sync::Arc;

use rdkafka::TopicPartitionList;
use rdkafka::bindings as c;
use rdkafka::error::RDKafkaErrorCode;
use uuid::Uuid;

use super::context::{BaseConsumer, BaseProducer};
use super::failure::Failure;
use crate::model::Headers;

/// A librdkafka client, reference-counted.
#[derive(Clone)]
pub(super) struct Client {
    raw: NonNull<c::rd_kafka_t>,
    _owner: Arc<dyn Any + Send + Sync>,
}

// SAFETY: rd_kafka_t is thread-safe by its documentation (rdkafka.h, "rdkafka is fully thread-safe").
unsafe impl Send for Client {}

impl Client {
    /// The client inside a consumer.
    pub(super) fn of_consumer(consumer: &Arc<BaseConsumer>) -> Option<Self> {
        let raw = rdkafka::consumer::Consumer::client(&**consumer).native_ptr();
        Some(Self { raw: NonNull::new(raw)?, _owner: Arc::<BaseConsumer>::clone(consumer) })
    }

    /// The client inside a producer.
    pub(super) fn of_producer(producer: &Arc<BaseProducer>) -> Option<Self> {
        let raw = rdkafka::producer::Producer::client(&**producer).native_ptr();
        Some(Self { raw: NonNull::new(raw)?, _owner: Arc::<BaseProducer>::clone(producer) })
    }

    /// The queue of a producer's delivery reports, errors and log lines.
    pub(super) fn main_queue(&self) -> Option<Queue> {
        // SAFETY: the client is alive; the reference that is returned is released by `Queue`.
        Queue::adopt(self, unsafe { c::rd_kafka_queue_get_main(self.raw.as_ptr()) })
    }

    /// The queue of a consumer's rebalances and errors.
    pub(super) fn consumer_queue(&self) -> Option<Queue> {
        // SAFETY: as above.
        Queue::adopt(self, unsafe { c::rd_kafka_queue_get_consumer(self.raw.as_ptr()) })
    }

    /// A new queue, for other queues to be forwarded to.
    pub(super) fn new_queue(&self) -> Option<Queue> {
        // SAFETY: as above.
        Queue::adopt(self, unsafe { c::rd_kafka_queue_new(self.raw.as_ptr()) })
    }

    /// The queue of one partition, detached from the consumer's queue and optionally forwarded to another. To be called
    /// before each assignment, or its first records arrive at the consumer's queue.
    pub(super) fn partition_queue(&self, topic: &str, partition: i32, forward: Option<&Queue>) -> Option<Queue> {
        let topic = CString::new(topic).ok()?;
        // SAFETY: the client and the C string are alive; the queues are of the same client.
        unsafe {
            let raw = c::rd_kafka_queue_get_partition(self.raw.as_ptr(), topic.as_ptr(), partition);
            let queue = Queue::adopt(self, raw)?;
            c::rd_kafka_queue_forward(queue.raw.as_ptr(), forward.map_or(null_mut(), |to| to.raw.as_ptr()));
            Some(queue)
        }
    }

    /// A handle of a topic, which saves a look-up per record.
    pub(super) fn topic(&self, name: &str) -> Option<TopicHandle> {
        let name = CString::new(name).ok()?;
        // SAFETY: the client and the C string are alive; a null configuration means the default.
        let raw = unsafe { c::rd_kafka_topic_new(self.raw.as_ptr(), name.as_ptr(), null_mut()) };
        Some(TopicHandle { raw: NonNull::new(raw)?, _client: self.clone() })
    }

    /// The application's position in the list's only partition, including skipped control records and aborted records.
    pub(super) fn position(&self, partition: &TopicPartitionList) -> Option<i64> {
        // SAFETY: the client and the list are alive; the list's array has `cnt` elements.
        unsafe {
            let list = partition.ptr();
            let error = c::rd_kafka_position(self.raw.as_ptr(), list);
            if error != c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR || (*list).cnt < 1 {
                return None;
            }
            Some((*(*list).elems).offset).filter(|offset| *offset >= 0)
        }
    }

    /// The id of a topic; `None` if the topic does not exist. See `rd_kafka_DescribeTopics`.
    pub(super) fn topic_id(&self, topic: &str, timeout_ms: i32) -> Result<Option<Uuid>, Failure> {
        let unusable = || Failure::of(RDKafkaErrorCode::InvalidArgument, "the topic's name is invalid");
        let name = CString::new(topic).map_err(|_nul| unusable())?;
        let answers = self.new_queue().ok_or_else(unusable)?;
        let mut names = [name.as_ptr()];
        // SAFETY: the client, the name and the queue are alive; the calls copy names and options, which are released here.
        unsafe {
            let options = c::rd_kafka_AdminOptions_new(
                self.raw.as_ptr(),
                c::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
            );
            c::rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms.max(1), null_mut(), 0);
            let topics = c::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
            c::rd_kafka_DescribeTopics(self.raw.as_ptr(), topics, options, answers.raw.as_ptr());
            c::rd_kafka_TopicCollection_destroy(topics);
            c::rd_kafka_AdminOptions_destroy(options);
        }
        // The request has the time-out; its answer or failure arrives a little later.
        let Some(answer) = answers.event(timeout_ms.saturating_add(1_000)) else {
            return Err(Failure::of(RDKafkaErrorCode::OperationTimedOut, ""));
        };
        // SAFETY: the event is alive, and with it the result, its array of `count` descriptions, and what those hold.
        unsafe {
            code(c::rd_kafka_event_error(answer.raw.as_ptr()))?;
            let (result, mut count) = (c::rd_kafka_event_DescribeTopics_result(answer.raw.as_ptr()), 0);
            let topics = c::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
            let Some(described) = (count > 0).then(|| NonNull::new(topics)).flatten() else { return Ok(None) };
            let described = *described.as_ptr();
            let error = c::rd_kafka_error_code(c::rd_kafka_TopicDescription_error(described));
            if error == c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART {
                return Ok(None);
            }
            code(error)?;
            let id = c::rd_kafka_TopicDescription_topic_id(described);
            let bits = (c::rd_kafka_Uuid_most_significant_bits(id), c::rd_kafka_Uuid_least_significant_bits(id));
            Ok(Some(Uuid::from_u64_pair(bits.0.cast_unsigned(), bits.1.cast_unsigned())))
        }
    }

    /// A group with its members, of the coordinator's answer; `None` if no broker that has answered knows it. See `rd_kafka_list_groups`,
    /// which asks all brokers and fails if one of them does not answer, although it has the group: rust-rdkafka drops it then.
    pub(super) fn group_state(&self, group: &str, timeout_ms: i32) -> Result<Option<GroupState>, Failure> {
        let unusable = || Failure::of(RDKafkaErrorCode::InvalidArgument, "the group's name is invalid");
        let name = CString::new(group).map_err(|_nul| unusable())?;
        let mut list = null();
        // SAFETY: client and name are alive; the list that is returned, if one is, is released below.
        let result =
            unsafe { c::rd_kafka_list_groups(self.raw.as_ptr(), name.as_ptr(), &raw mut list, timeout_ms.max(1)) };
        let Some(list) = NonNull::new(list.cast_mut()) else {
            return code(result).map(|()| None);
        };
        // SAFETY: the list is alive until it is destroyed, and with it its groups, their members, and the texts and bytes of those, which
        // are copied.
        let found = unsafe {
            let groups = array(list.as_ref().groups.cast_const(), list.as_ref().group_cnt);
            let is_it = |found: &&c::rd_kafka_group_info| text(found.group) == group;
            let found = groups.iter().find(is_it).map(|found| GroupState {
                state: text(found.state),
                members: array(found.members.cast_const(), found.member_cnt)
                    .iter()
                    .map(|member| member_state(member))
                    .collect(),
            });
            c::rd_kafka_group_list_destroy(list.as_ptr());
            found
        };
        if found.is_some() { Ok(found) } else { code(result).map(|()| None) }
    }

    /// The configurations of topics, by name; a failure for each topic that the broker does not describe. See
    /// `rd_kafka_DescribeConfigs`.
    pub(super) fn topic_configs(&self, topics: &[&str], timeout_ms: i32) -> Result<TopicConfigs, Failure> {
        let unusable = || Failure::of(RDKafkaErrorCode::InvalidArgument, "a topic's name is invalid");
        let names = topics
            .iter()
            .map(|topic| CString::new(*topic))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_nul| unusable())?;
        let answers = self.new_queue().ok_or_else(unusable)?;
        // SAFETY: client, names and queue are alive; the calls copy names and resources, which are released here.
        unsafe {
            let topic = c::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC;
            let mut wanted: Vec<_> =
                names.iter().map(|name| c::rd_kafka_ConfigResource_new(topic, name.as_ptr())).collect();
            let options = c::rd_kafka_AdminOptions_new(
                self.raw.as_ptr(),
                c::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS,
            );
            c::rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms.max(1), null_mut(), 0);
            c::rd_kafka_DescribeConfigs(
                self.raw.as_ptr(),
                wanted.as_mut_ptr(),
                wanted.len(),
                options,
                answers.raw.as_ptr(),
            );
            c::rd_kafka_ConfigResource_destroy_array(wanted.as_mut_ptr(), wanted.len());
            c::rd_kafka_AdminOptions_destroy(options);
        }
        let Some(answer) = answers.event(timeout_ms.saturating_add(1_000)) else {
            return Err(Failure::of(RDKafkaErrorCode::OperationTimedOut, ""));
        };
        let mut found = TopicConfigs::new();
        // SAFETY: the event is alive, and with it the result, its array of `count` resources, and what those hold.
        unsafe {
            code(c::rd_kafka_event_error(answer.raw.as_ptr()))?;
            let (result, mut count) = (c::rd_kafka_event_DescribeConfigs_result(answer.raw.as_ptr()), 0);
            let resources = c::rd_kafka_DescribeConfigs_result_resources(result, &raw mut count);
            for at in 0..count {
                let resource = *resources.add(at);
                let name = text(c::rd_kafka_ConfigResource_name(resource));
                found.insert(name, configuration(resource));
            }
        }
        Ok(found)
    }

    /// The group metadata of this consumer; `None` without a group.
    pub(super) fn group(&self) -> Option<Group> {
        // SAFETY: the client is alive; the object that is returned is released by `Group`.
        NonNull::new(unsafe { c::rd_kafka_consumer_group_metadata(self.raw.as_ptr()) }).map(Group)
    }

    /// Adds a record to the producer's queue, which copies it. `tag` is returned with its delivery report.
    pub(super) fn produce(&self, topic: &TopicHandle, message: &Outgoing<'_>, tag: usize) -> Result<(), Failure> {
        let headers = HeaderList::new(message.headers)?;
        let (value, value_size) = memory(message.value);
        let (key, key_size) = memory(message.key);
        let vu = |vtype, u| c::rd_kafka_vu_t { vtype, u };
        let arguments = [
            vu(c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_RKT, Argument { rkt: topic.raw.as_ptr() }),
            vu(c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_PARTITION, Argument { i32_: message.partition }),
            vu(c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_MSGFLAGS, Argument { i: c::RD_KAFKA_MSG_F_COPY }),
            vu(c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_VALUE, Argument { mem: Memory { ptr: value, size: value_size } }),
            vu(c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_KEY, Argument { mem: Memory { ptr: key, size: key_size } }),
            vu(c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_TIMESTAMP, Argument { i64_: message.timestamp }),
            vu(
                c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_OPAQUE,
                Argument { ptr: std::ptr::without_provenance_mut::<std::ffi::c_void>(tag) },
            ),
            vu(c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_HEADERS, Argument { headers: headers.0 }),
        ];
        // Without headers the last argument is left out: librdkafka takes no null there.
        let count = if headers.0.is_null() { arguments.len() - 1 } else { arguments.len() };
        // SAFETY: client, topic and the borrowed memory are alive for the call, which copies value and key; each union
        // field is the one that its type names. The headers belong to librdkafka exactly when the call succeeds.
        let result = failure(unsafe { c::rd_kafka_produceva(self.raw.as_ptr(), arguments.as_ptr(), count) });
        if result.is_ok() {
            std::mem::forget(headers);
        }
        result
    }

    /// See `rd_kafka_init_transactions`.
    pub(super) fn init_transactions(&self, timeout_ms: i32) -> Result<(), Failure> {
        // SAFETY: the client is alive.
        failure(unsafe { c::rd_kafka_init_transactions(self.raw.as_ptr(), timeout_ms) })
    }

    /// See `rd_kafka_begin_transaction`.
    pub(super) fn begin_transaction(&self) -> Result<(), Failure> {
        // SAFETY: the client is alive.
        failure(unsafe { c::rd_kafka_begin_transaction(self.raw.as_ptr()) })
    }

    /// See `rd_kafka_send_offsets_to_transaction`.
    pub(super) fn send_offsets(
        &self,
        offsets: &TopicPartitionList,
        group: &Group,
        timeout_ms: i32,
    ) -> Result<(), Failure> {
        // SAFETY: client, list and group are alive for the call, which copies both.
        failure(unsafe {
            c::rd_kafka_send_offsets_to_transaction(self.raw.as_ptr(), offsets.ptr(), group.0.as_ptr(), timeout_ms)
        })
    }

    /// Commits a consumer's offsets and waits for the answer, which comes as an event on `answers`, an empty queue of
    /// this client: `rd_kafka_commit` alone would wait for as long as it takes.
    pub(super) fn commit_offsets(
        &self,
        offsets: &TopicPartitionList,
        answers: &Queue,
        timeout_ms: i32,
    ) -> Result<(), Failure> {
        // SAFETY: client, list and queue are alive; the list is copied. Without a callback the answer is an event.
        let error = unsafe {
            c::rd_kafka_commit_queue(self.raw.as_ptr(), offsets.ptr(), answers.raw.as_ptr(), None, null_mut())
        };
        code(error)?;
        let Some(answer) = answers.event(timeout_ms) else {
            return Err(Failure::of(RDKafkaErrorCode::OperationTimedOut, ""));
        };
        // SAFETY: the event is alive.
        code(unsafe { c::rd_kafka_event_error(answer.raw.as_ptr()) })
    }

    /// See `rd_kafka_commit_transaction`; it waits for deliveries, whose events are not served meanwhile, so none may be outstanding.
    pub(super) fn commit_transaction(&self, timeout_ms: i32) -> Result<(), Failure> {
        // SAFETY: the client is alive.
        failure(unsafe { c::rd_kafka_commit_transaction(self.raw.as_ptr(), timeout_ms) })
    }

    /// See `rd_kafka_abort_transaction`; a timed-out call is resumed by the next one.
    pub(super) fn abort_transaction(&self, timeout_ms: i32) -> Result<(), Failure> {
        // SAFETY: the client is alive.
        failure(unsafe { c::rd_kafka_abort_transaction(self.raw.as_ptr(), timeout_ms) })
    }
}

/// A group, as its coordinator describes it.
pub(super) struct GroupState {
    /// Its state, such as `Stable`.
    pub(super) state: String,
    pub(super) members: Vec<MemberState>,
}

/// A member of a group.
pub(super) struct MemberState {
    pub(super) id: String,
    pub(super) client_id: String,
    pub(super) client_host: String,
    /// Its subscription, encoded by the consumer protocol.
    pub(super) metadata: Vec<u8>,
    /// Its assignment, encoded by the consumer protocol.
    pub(super) assignment: Vec<u8>,
}

/// A member's texts and bytes, copied.
///
/// # Safety
/// It is of a list that is alive.
unsafe fn member_state(member: &c::rd_kafka_group_member_info) -> MemberState {
    // SAFETY: as promised.
    let bytes = |first: *mut std::ffi::c_void, count| unsafe { array(first.cast::<u8>().cast_const(), count) }.to_vec();
    MemberState {
        id: text(member.member_id),
        client_id: text(member.client_id),
        client_host: text(member.client_host),
        metadata: bytes(member.member_metadata, member.member_metadata_size),
        assignment: bytes(member.member_assignment, member.member_assignment_size),
    }
}

/// A C array; empty for null.
///
/// # Safety
/// `first` is null, or the first of `count` elements that live as long as the result.
unsafe fn array<'a, T>(first: *const T, count: i32) -> &'a [T] {
    match (NonNull::new(first.cast_mut()), usize::try_from(count)) {
        // SAFETY: as promised.
        (Some(first), Ok(count)) => unsafe { std::slice::from_raw_parts(first.as_ptr(), count) },
        _ => &[],
    }
}

/// An argument of `rd_kafka_produceva`.
type Argument = c::rd_kafka_vu_s__bindgen_ty_1;
type Memory = c::rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1;

/// A borrowed record to produce.
pub(super) struct Outgoing<'a> {
    /// The partition, or -1 for the partitioner's choice.
    pub(super) partition: i32,
    /// The key; `None` is Kafka's null.
    pub(super) key: Option<&'a [u8]>,
    /// The value; `None` is a tombstone.
    pub(super) value: Option<&'a [u8]>,
    /// The headers, in order.
    pub(super) headers: &'a Headers,
    /// Milliseconds since the epoch, or 0 for now.
    pub(super) timestamp: i64,
}

/// Null is Kafka's null; an empty slice has an address that is not null.
fn memory(bytes: Option<&[u8]>) -> (*mut std::ffi::c_void, usize) {
    bytes.map_or((null_mut(), 0), |bytes| (bytes.as_ptr().cast_mut().cast(), bytes.len()))
}

/// An owned list of headers; null if there are none.
struct HeaderList(*mut c::rd_kafka_headers_t);

impl HeaderList {
    fn new(headers: &Headers) -> Result<Self, Failure> {
        if headers.is_empty() {
            return Ok(Self(null_mut()));
        }
        // SAFETY: a new list, released by `Drop` unless it is handed over.
        let list = Self(unsafe { c::rd_kafka_headers_new(headers.iter().len()) });
        for header in headers {
            let (value, size) = memory(header.value.as_deref());
            let (Ok(name_size), Ok(size)) = (isize::try_from(header.name.len()), isize::try_from(size)) else {
                return Err(Failure::of(RDKafkaErrorCode::InvalidArgument, "a header is too long"));
            };
            // SAFETY: name and value are alive for the call, which copies them; the sizes are theirs.
            let error = unsafe { c::rd_kafka_header_add(list.0, header.name.as_ptr().cast(), name_size, value, size) };
            if error != c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                return Err(Failure::of(error.into(), "a header was refused"));
            }
        }
        Ok(list)
    }
}

impl Drop for HeaderList {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the list is still ours: a handed-over one is forgotten.
            unsafe { c::rd_kafka_headers_destroy(self.0) }
        }
    }
}

/// A topic of a client.
pub(super) struct TopicHandle {
    raw: NonNull<c::rd_kafka_topic_t>,
    _client: Client,
}

// SAFETY: topic objects are reference-counted and locked inside librdkafka.
unsafe impl Send for TopicHandle {}

impl Drop for TopicHandle {
    fn drop(&mut self) {
        // SAFETY: releases the reference that `rd_kafka_topic_new` gave; the client is still alive.
        unsafe { c::rd_kafka_topic_destroy(self.raw.as_ptr()) }
    }
}

/// A member's group metadata, as librdkafka passes it to the transaction coordinator.
pub(super) struct Group(NonNull<c::rd_kafka_consumer_group_metadata_t>);

// SAFETY: a plain value after its creation: read by calls, never changed.
unsafe impl Send for Group {}

impl Group {
    /// The generation (member epoch) of the member; negative in no group.
    pub(super) fn generation(&self) -> i32 {
        // SAFETY: the object is alive.
        unsafe { c::rd_kafka_consumer_group_metadata_generation_id(self.0.as_ptr()) }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // SAFETY: the object is ours.
        unsafe { c::rd_kafka_consumer_group_metadata_destroy(self.0.as_ptr()) }
    }
}

/// A queue of a client.
pub(super) struct Queue {
    raw: NonNull<c::rd_kafka_queue_t>,
    client: Client,
}

// SAFETY: queues are reference-counted and locked inside librdkafka.
unsafe impl Send for Queue {}

impl Queue {
    fn adopt(client: &Client, raw: *mut c::rd_kafka_queue_t) -> Option<Self> {
        Some(Self { raw: NonNull::new(raw)?, client: client.clone() })
    }

    /// The number of waiting messages or events.
    pub(super) fn len(&self) -> usize {
        // SAFETY: the queue is alive.
        unsafe { c::rd_kafka_queue_length(self.raw.as_ptr()) }
    }

    /// Signals each change from empty to not empty from now on by writing an eventfd's 1 to the descriptor, which has
    /// to stay open until [`Queue::silence`]. A queue that is not empty now does not signal until it has been emptied
    /// once.
    pub(super) fn signal(&self, descriptor: i32) {
        let one = 1_u64.to_ne_bytes();
        // SAFETY: the queue is alive; the call copies the payload.
        unsafe {
            c::rd_kafka_queue_io_event_enable(self.raw.as_ptr(), descriptor, one.as_ptr().cast(), one.len());
        }
    }

    /// Ends [`Queue::signal`]: the descriptor is not written to any more.
    pub(super) fn silence(&self) {
        // SAFETY: the queue is alive; -1 disables, under the lock under which librdkafka writes.
        unsafe { c::rd_kafka_queue_io_event_enable(self.raw.as_ptr(), -1, null(), 0) }
    }

    /// Takes up to `max` messages, waiting until there are so many for at most `timeout_ms`. Only for queues that carry
    /// messages and nothing else: partition queues, and queues that these are forwarded to.
    pub(super) fn consume(&mut self, max: usize, timeout_ms: i32) -> Batch {
        let mut messages = vec![null_mut(); max];
        // SAFETY: the array has `max` places. `&mut self` keeps two calls on one queue apart, which is undefined.
        let count =
            unsafe { c::rd_kafka_consume_batch_queue(self.raw.as_ptr(), timeout_ms, messages.as_mut_ptr(), max) };
        messages.truncate(usize::try_from(count).unwrap_or(0));
        Batch { messages, _client: self.client.clone() }
    }

    /// The next event of a producer's queue.
    pub(super) fn event(&self, timeout_ms: i32) -> Option<Event> {
        // SAFETY: the queue is alive; the event that is returned is released by `Event`.
        let raw = unsafe { c::rd_kafka_queue_poll(self.raw.as_ptr(), timeout_ms) };
        Some(Event { raw: NonNull::new(raw)?, _client: self.client.clone() })
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: releases the reference that was adopted; the client is still alive.
        unsafe { c::rd_kafka_queue_destroy(self.raw.as_ptr()) }
    }
}

/// Messages that were taken from a queue.
pub(super) struct Batch {
    messages: Vec<*mut c::rd_kafka_message_t>,
    _client: Client,
}

impl Batch {
    /// The number of messages.
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// The messages, in the queue's order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Message<'_>> {
        self.messages.iter().filter_map(|raw| Message::new(*raw))
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        for message in &self.messages {
            // SAFETY: `rd_kafka_consume_batch_queue` gave each message to us; it is released once.
            unsafe { c::rd_kafka_message_destroy(*message) }
        }
    }
}

/// A message of a batch or of an event, borrowed from it.
pub(super) struct Message<'a> {
    raw: &'a c::rd_kafka_message_t,
}

impl<'a> Message<'a> {
    /// `None` for a null pointer. The caller owns the message and outlives `'a`.
    fn new(raw: *const c::rd_kafka_message_t) -> Option<Self> {
        // SAFETY: librdkafka's pointers are null or valid until their batch or event is released, which `'a` precedes.
        Some(Self { raw: unsafe { raw.as_ref() }? })
    }

    /// The reason for a failed delivery; only of a delivery report, whose value is still that of the record.
    pub(super) fn undelivered(&self) -> Option<Failure> {
        let failed = self.raw.err != c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
        failed.then(|| Failure::of(self.raw.err.into(), ""))
    }

    /// The error of a consumed message; its text is in place of the value.
    pub(super) fn error(&self) -> Option<Failure> {
        if self.raw.err == c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return None;
        }
        // SAFETY: the message is alive; an error string belongs to it or is static.
        let detail = text(unsafe { c::rd_kafka_message_errstr(self.raw) });
        Some(Failure::of(self.raw.err.into(), &detail))
    }

    /// The topic's name.
    pub(super) fn topic(&self) -> &'a str {
        if self.raw.rkt.is_null() {
            return "";
        }
        // SAFETY: the topic lives as long as the message; its name is a C string, and Kafka's names are ASCII.
        unsafe { CStr::from_ptr(c::rd_kafka_topic_name(self.raw.rkt)) }.to_str().unwrap_or("")
    }

    /// The partition.
    pub(super) fn partition(&self) -> i32 {
        self.raw.partition
    }

    /// The offset; of an end-of-partition message the next offset.
    pub(super) fn offset(&self) -> i64 {
        self.raw.offset
    }

    /// The tag of [`Client::produce`]; only of a delivery report.
    pub(super) fn tag(&self) -> usize {
        self.raw._private.addr()
    }

    /// Milliseconds since the epoch; -1 if the record has none.
    pub(super) fn timestamp(&self) -> i64 {
        // SAFETY: the message is alive; a null for the timestamp's type is allowed.
        unsafe { c::rd_kafka_message_timestamp(self.raw, null_mut()) }
    }

    /// The key.
    pub(super) fn key(&self) -> Option<&'a [u8]> {
        slice(self.raw.key, self.raw.key_len)
    }

    /// The value.
    pub(super) fn value(&self) -> Option<&'a [u8]> {
        slice(self.raw.payload, self.raw.len)
    }

    /// The headers, in order.
    pub(super) fn headers(&self) -> Vec<(&'a str, Option<&'a [u8]>)> {
        let mut list = null_mut();
        let mut headers = Vec::new();
        let (mut name, mut value, mut size) = (null(), null(), 0);
        // SAFETY: the message is alive and owns the list; the list owns names (C strings) and values, which live as long.
        unsafe {
            if c::rd_kafka_message_headers(self.raw, &raw mut list)
                != c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
            {
                return headers;
            }
            headers.reserve_exact(c::rd_kafka_header_cnt(list));
            while c::rd_kafka_header_get_all(list, headers.len(), &raw mut name, &raw mut value, &raw mut size)
                == c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
            {
                headers.push((CStr::from_ptr(name).to_str().unwrap_or(""), slice(value.cast_mut(), size)));
            }
        }
        headers
    }
}

/// The bytes at an address of librdkafka; null is Kafka's null.
fn slice<'a>(start: *mut std::ffi::c_void, size: usize) -> Option<&'a [u8]> {
    // SAFETY: only called with address and size of one field of a living message, which `'a` does not outlive.
    NonNull::new(start).map(|start| unsafe { std::slice::from_raw_parts(start.cast().as_ptr(), size) })
}

/// An event of a producer's queue.
pub(super) struct Event {
    raw: NonNull<c::rd_kafka_event_t>,
    _client: Client,
}

/// The content of an event.
pub(super) enum EventContent<'a> {
    /// Delivery reports.
    Deliveries(Deliveries<'a>),
    /// An error of the client as a whole.
    Error(Failure),
    /// A log line: syslog level, facility, text.
    Log(i32, String, String),
    /// Any other event, which a producer ignores.
    Other,
}

impl Event {
    /// The content.
    pub(super) fn content(&self) -> EventContent<'_> {
        let raw = self.raw.as_ptr();
        // SAFETY: the event is alive, and so are the strings that it gives out.
        unsafe {
            match c::rd_kafka_event_type(raw) {
                c::RD_KAFKA_EVENT_DR => EventContent::Deliveries(Deliveries { raw: self.raw, _event: PhantomData }),
                c::RD_KAFKA_EVENT_ERROR => EventContent::Error(Failure {
                    fatal: c::rd_kafka_event_error_is_fatal(raw) != 0,
                    ..Failure::of(c::rd_kafka_event_error(raw).into(), &text(c::rd_kafka_event_error_string(raw)))
                }),
                c::RD_KAFKA_EVENT_LOG => {
                    let (mut facility, mut line, mut level) = (null(), null(), 0);
                    if c::rd_kafka_event_log(raw, &raw mut facility, &raw mut line, &raw mut level) != 0 {
                        return EventContent::Other;
                    }
                    EventContent::Log(level, text(facility), text(line))
                }
                _ => EventContent::Other,
            }
        }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: `rd_kafka_queue_poll` gave the event to us.
        unsafe { c::rd_kafka_event_destroy(self.raw.as_ptr()) }
    }
}

/// The delivery reports of an event; each is returned once.
pub(super) struct Deliveries<'a> {
    raw: NonNull<c::rd_kafka_event_t>,
    _event: PhantomData<&'a Event>,
}

impl<'a> Iterator for Deliveries<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Message<'a>> {
        // SAFETY: the event is borrowed, so alive; its messages live as long as it does.
        Message::new(unsafe { c::rd_kafka_event_message_next(self.raw.as_ptr()) })
    }
}

/// The configurations of topics, by name.
pub(super) type TopicConfigs = BTreeMap<String, Result<BTreeMap<String, String>, Failure>>;

/// The configuration of a described resource, or its failure.
///
/// # Safety
/// The resource belongs to a result that is alive.
unsafe fn configuration(resource: *const c::rd_kafka_ConfigResource_t) -> Result<BTreeMap<String, String>, Failure> {
    // SAFETY: the resource is alive, and with it its array of `count` entries, their names and values.
    unsafe {
        code(c::rd_kafka_ConfigResource_error(resource))?;
        let mut count = 0;
        let entries = c::rd_kafka_ConfigResource_configs(resource, &raw mut count);
        let entry = |at| {
            let entry = *entries.add(at);
            let value = c::rd_kafka_ConfigEntry_value(entry);
            (!value.is_null()).then(|| (text(c::rd_kafka_ConfigEntry_name(entry)), text(value)))
        };
        Ok((0..count).filter_map(entry).collect())
    }
}

/// A C string as text; null is empty.
fn text(string: *const c_char) -> String {
    if string.is_null() {
        return String::new();
    }
    // SAFETY: librdkafka's strings end with a nul and are alive at each place of call.
    unsafe { CStr::from_ptr(string) }.to_string_lossy().into_owned()
}

/// The failure of an error code without a message.
fn code(error: c::rd_kafka_resp_err_t) -> Result<(), Failure> {
    let is_good = error == c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
    if is_good { Ok(()) } else { Err(Failure::of(error.into(), "")) }
}

/// Converts and releases an error object; null is success.
fn failure(raw: *mut c::rd_kafka_error_t) -> Result<(), Failure> {
    if raw.is_null() {
        return Ok(());
    }
    // SAFETY: the object was returned to us and is released here, after it was read.
    unsafe {
        let failure = Failure {
            code: c::rd_kafka_error_code(raw).into(),
            detail: text(c::rd_kafka_error_string(raw)),
            fatal: c::rd_kafka_error_is_fatal(raw) != 0,
            abort: c::rd_kafka_error_txn_requires_abort(raw) != 0,
        };
        c::rd_kafka_error_destroy(raw);
        Err(failure)
    }
}
