# Fuzzers, included when the compiler is Clang (libFuzzer comes with it):
#
#   cmake --preset clang
#   cmake --build build/clang --target multiboot_map_fuzz
#   ctest --test-dir build/clang -L fuzz       300,000 executions, ten seconds
#   ctest --test-dir build/clang -L long       10 million, by two workers of 5 million each, a few minutes
#
# The seeds are fixed and the corpus is made anew each time, so a run repeats itself. A finding is written to the
# build directory; run the program with that file as its only argument to see it again.
set(FUZZ_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)

add_executable(multiboot_map_fuzz
    ${PROJECT_SOURCE_DIR}/mm/map/multiboot_map_fuzz.cpp
    ${PROJECT_SOURCE_DIR}/mm/map/claims.cpp
    ${PROJECT_SOURCE_DIR}/mm/map/memory_map.cpp
    ${PROJECT_SOURCE_DIR}/mm/map/multiboot_map.cpp)
target_include_directories(multiboot_map_fuzz PRIVATE ${PROJECT_SOURCE_DIR})
target_compile_options(multiboot_map_fuzz PRIVATE
    -O2 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all)
target_link_options(multiboot_map_fuzz PRIVATE -fsanitize=fuzzer,address,undefined)
target_link_libraries(multiboot_map_fuzz PRIVATE primitive_warnings)

# primitive_fuzz_run(NAME SEED n RUNS n LABEL label): one CTest entry, with a corpus of its own made from seeds.
function(primitive_fuzz_run NAME)
    cmake_parse_arguments(ARG "" "SEED;RUNS;LABEL" "" ${ARGN})
    set(CORPUS ${FUZZ_DIRECTORY}/${NAME})
    add_test(NAME ${NAME}_seeds
        COMMAND python3 ${PROJECT_SOURCE_DIR}/tests/fuzz_seeds.py ${CORPUS})
    set_tests_properties(${NAME}_seeds PROPERTIES FIXTURES_SETUP ${NAME} LABELS ${ARG_LABEL})
    add_test(NAME ${NAME}
        COMMAND multiboot_map_fuzz -seed=${ARG_SEED} -runs=${ARG_RUNS} -max_len=96 -len_control=0 -timeout=5
            -artifact_prefix=${FUZZ_DIRECTORY}/ ${CORPUS})
    set_tests_properties(${NAME} PROPERTIES FIXTURES_REQUIRED ${NAME} LABELS ${ARG_LABEL})
endfunction()

primitive_fuzz_run(multiboot_map_fuzz_short SEED 1 RUNS 300000 LABEL fuzz)
primitive_fuzz_run(multiboot_map_fuzz_long_1 SEED 2 RUNS 5000000 LABEL long)
primitive_fuzz_run(multiboot_map_fuzz_long_2 SEED 3 RUNS 5000000 LABEL long)
