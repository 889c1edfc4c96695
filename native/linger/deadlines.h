// A binary heap of deadlines whose entries know their place, so that one can be moved or taken out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace socket_linger::linger {

// Entry has `int64_t due` and `size_t place`; both belong to the heap while the entry is in it.
template <class Entry>
class Deadlines {
 public:
  bool IsEmpty() const { return heap_.empty(); }
  Entry* First() const { return heap_.front(); }

  void Add(Entry* entry, int64_t due) {
    entry->due = due;
    entry->place = heap_.size();
    heap_.push_back(entry);
    Up(entry->place);
  }

  void Move(Entry* entry, int64_t due) {
    entry->due = due;
    Up(entry->place);
    Down(entry->place);
  }

  void Remove(Entry* entry) {
    const size_t place = entry->place;
    Entry* last = heap_.back();
    heap_.pop_back();
    if (last == entry) return;
    Put(last, place);
    Up(place);
    Down(last->place);
  }

 private:
  void Put(Entry* entry, size_t place) {
    heap_[place] = entry;
    entry->place = place;
  }

  void Swap(size_t a, size_t b) {
    Entry* entry = heap_[a];
    Put(heap_[b], a);
    Put(entry, b);
  }

  void Up(size_t place) {
    while (place > 0) {
      const size_t parent = (place - 1) / 2;
      if (heap_[parent]->due <= heap_[place]->due) return;
      Swap(parent, place);
      place = parent;
    }
  }

  void Down(size_t place) {
    for (;;) {
      size_t smallest = place;
      for (size_t child = 2 * place + 1; child <= 2 * place + 2; ++child) {
        if (child < heap_.size() && heap_[child]->due < heap_[smallest]->due) smallest = child;
      }
      if (smallest == place) return;
      Swap(smallest, place);
      place = smallest;
    }
  }

  std::vector<Entry*> heap_;
};

}  // namespace socket_linger::linger
