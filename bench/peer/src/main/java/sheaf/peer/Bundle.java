package sheaf.peer;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What is stored of a bundle. While it is open: when it is due, and the members that have come. Once it is submitted or
 * overdue: only that it is closed, so that a member that comes again opens no second bundle.
 *
 * @param due when the bundle is overdue, in milliseconds since 1970; 0 when it is closed
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
record Bundle(long due, Event parent, List<Event> children) {

    static final Bundle CLOSED = new Bundle(0, null, List.of());

    Bundle {
        children = children == null ? List.of() : children;
    }

    static Bundle dueAt(long due) {
        return new Bundle(due, null, List.of());
    }

    @JsonIgnore
    boolean isClosed() {
        return due == 0;
    }

    @JsonIgnore
    boolean isComplete() {
        return parent != null && children.size() == parent.children();
    }

    boolean has(Event member) {
        return member.isParent()
                ? parent != null
                : children.stream().anyMatch(child -> child.id().equals(member.id()));
    }

    Bundle with(Event member) {
        if (member.isParent()) {
            return new Bundle(due, member, children);
        }
        List<Event> more = new ArrayList<>(children);
        more.add(member);
        more.sort(Comparator.comparing(Event::position));
        return new Bundle(due, parent, more);
    }
}
