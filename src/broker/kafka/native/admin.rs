//! What the brokers tell of topics and groups.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::ptr::{NonNull, null, null_mut};

use rdkafka::bindings as c;
use rdkafka::error::RDKafkaErrorCode;
use uuid::Uuid;

use super::client::Client;
use super::convert::{array, code, text};
use crate::broker::kafka::failure::Failure;

impl Client {
    /// The id of a topic; `None` if the topic does not exist. See `rd_kafka_DescribeTopics`.
    pub(in crate::broker::kafka) fn topic_id(&self, topic: &str, timeout_ms: i32) -> Result<Option<Uuid>, Failure> {
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
    pub(in crate::broker::kafka) fn group_state(
        &self,
        group: &str,
        timeout_ms: i32,
    ) -> Result<Option<GroupState>, Failure> {
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
    pub(in crate::broker::kafka) fn topic_configs(
        &self,
        topics: &[&str],
        timeout_ms: i32,
    ) -> Result<TopicConfigs, Failure> {
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
}

/// A group, as its coordinator describes it.
pub(in crate::broker::kafka) struct GroupState {
    /// Its state, such as `Stable`.
    pub(in crate::broker::kafka) state: String,
    pub(in crate::broker::kafka) members: Vec<MemberState>,
}

/// A member of a group.
pub(in crate::broker::kafka) struct MemberState {
    pub(in crate::broker::kafka) id: String,
    pub(in crate::broker::kafka) client_id: String,
    pub(in crate::broker::kafka) client_host: String,
    /// Its subscription, encoded by the consumer protocol.
    pub(in crate::broker::kafka) metadata: Vec<u8>,
    /// Its assignment, encoded by the consumer protocol.
    pub(in crate::broker::kafka) assignment: Vec<u8>,
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

/// The configurations of topics, by name.
pub(in crate::broker::kafka) type TopicConfigs = BTreeMap<String, Result<BTreeMap<String, String>, Failure>>;

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
