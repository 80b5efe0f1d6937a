//! Properties of Java clients, and librdkafka's for the same.

/// What to write instead of properties of Java clients.
const NAMES: &[(&str, &str)] = &[
    ("sasl.jaas.config", "sasl.mechanism, sasl.username and sasl.password"),
    ("sasl.login.callback.handler.class", "sasl.mechanism, sasl.username and sasl.password"),
    ("sasl.client.callback.handler.class", "sasl.mechanism, sasl.username and sasl.password"),
    ("sasl.login.class", "sasl.mechanism, sasl.username and sasl.password"),
    ("ssl.truststore.location", "ssl.ca.location, a file in PEM"),
    ("ssl.truststore.password", "ssl.ca.location, a file in PEM, which has no password"),
    ("ssl.truststore.type", "ssl.ca.location, a file in PEM"),
    ("ssl.truststore.certificates", "ssl.ca.pem"),
    ("ssl.keystore.type", "ssl.certificate.location and ssl.key.location in PEM, or ssl.keystore.location in PKCS#12"),
    ("ssl.keystore.certificate.chain", "ssl.certificate.pem"),
    ("ssl.keystore.key", "ssl.key.pem"),
    ("send.buffer.bytes", "socket.send.buffer.bytes"),
    ("receive.buffer.bytes", "socket.receive.buffer.bytes"),
    ("fetch.max.wait.ms", "fetch.wait.max.ms"),
    ("max.request.size", "nothing: sheaf sets message.max.bytes"),
    ("buffer.memory", "queue.buffering.max.kbytes"),
    ("max.poll.records", "nothing: sheaf polls by bytes"),
    ("key.serializer", "nothing: sheaf writes bytes"),
    ("value.serializer", "nothing: sheaf writes bytes"),
    ("key.deserializer", "nothing: sheaf reads bytes"),
    ("value.deserializer", "nothing: sheaf reads bytes"),
];

/// What to write instead of a property of Java clients; `None` for another one.
pub(super) fn instead(property: &str) -> Option<&'static str> {
    NAMES.iter().find(|(name, _)| *name == property).map(|(_, instead)| *instead)
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;

    use super::NAMES;

    #[test]
    fn librdkafka_refuses_each_of_them_and_takes_what_stands_instead() {
        let is_known = |name: &str| {
            // An unknown name is refused in other words than a value.
            let error = ClientConfig::new().set(name, "\u{1}").create_native_config().err();
            error.is_none_or(|error| {
                let error = error.to_string();
                !error.contains("No such configuration property") && !error.contains("not supported")
            })
        };
        for (name, instead) in NAMES {
            assert!(!is_known(name), "{name}");
            let words = instead.split([' ', ',']).filter(|word| word.contains('.'));
            for word in words {
                assert!(is_known(word), "{word}");
            }
        }
    }
}
