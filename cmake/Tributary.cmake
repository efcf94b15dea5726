# SPDX-License-Identifier: Apache-2.0
# Compiler settings and the helpers that the folders' CMakeLists.txt use.
include(GNUInstallDirs)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_FLAGS_RELEASE "-O2")                 # no NDEBUG: asserts stay on in release
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1 -fno-omit-frame-pointer")  # what sanitizers need to print lines
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

add_library(tributary_flags INTERFACE)
target_compile_options(tributary_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror)
target_include_directories(tributary_flags INTERFACE ${PROJECT_SOURCE_DIR})
if(TRIBUTARY_SANITIZE)
  add_compile_options(-fsanitize=${TRIBUTARY_SANITIZE} -fno-sanitize-recover=all)
  if(TRIBUTARY_FUZZ)  # the address sanitizer sees what comes of these as well, and there is less to compile
    add_compile_options(-fno-sanitize=null,object-size)
  endif()
  add_link_options(-fsanitize=${TRIBUTARY_SANITIZE})
endif()
# The two outcomes of an assert's condition are not two behaviours: one of them ends the program. So coverage is measured without them.
if(TRIBUTARY_COVERAGE)
  add_compile_options(-O0 -g0 -w -DNDEBUG -fprofile-instr-generate -fcoverage-mapping)
  add_link_options(-fprofile-instr-generate)
endif()

# tributary_cold(NAME): not hot, so sanitizer builds compile it without optimisation, in a third of the time.
function(tributary_cold name)
  if(TRIBUTARY_SANITIZE)
    target_compile_options(${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O0>)
  endif()
endfunction()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(LLD ld.lld)
if(LLD)
  add_link_options(-fuse-ld=lld)
endif()

# tributary_library(NAME SOURCES a.cc … LINKS b …): a static library of this folder. LINKS is the whole list of what it may see.
function(tributary_library name)
  cmake_parse_arguments(A "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  target_link_libraries(${name} PUBLIC ${A_LINKS} PRIVATE tributary_flags ${A_PRIVATE_LINKS})
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
endfunction()

# Labels of tests: quick (seconds), slow (minutes), e2e (a real broker); threads: the thread sanitizer's business, too;
# once: no compiled code of ours in it, or about speed, so sanitizer runs leave it out. The target `threads` builds all that
# tests with that label need.
add_custom_target(threads)

# tributary_test(NAME SOURCES a.cc … LINKS b … [LABELS quick|slow|e2e threads once] [TIMEOUT seconds] [HOT]): one GoogleTest program, one
# CTest test. Not optimised, which compiles in three quarters of the time, unless it is HOT: what is tested is in libraries, as it ships.
function(tributary_test name)
  cmake_parse_arguments(A "HOT" "TIMEOUT" "SOURCES;LINKS;LABELS" ${ARGN})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  if(TRIBUTARY_SANITIZE)  # several times slower
    math(EXPR A_TIMEOUT "${A_TIMEOUT} * 5")
  endif()
  if(NOT A_LABELS)
    set(A_LABELS quick)
  endif()
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE tributary_flags ${A_LINKS} GTest::gmock GTest::gtest GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE TRIBUTARY_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:$<IF:$<BOOL:${A_HOT}>,-O1,-O0>>)
  tributary_cold(${name})
  if("threads" IN_LIST A_LABELS)
    add_dependencies(threads ${name})
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${A_TIMEOUT} LABELS "${A_LABELS}")
endfunction()

# tributary_benchmark(NAME SOURCES a.cc … LINKS b … [LABELS …]): one Google Benchmark program, and one CTest test that it runs: its figures
# mean nothing then, but what it checks of itself holds. LABELS as above; none: only once.
function(tributary_benchmark name)
  cmake_parse_arguments(A "" "" "SOURCES;LINKS;LABELS" ${ARGN})
  if(TRIBUTARY_BENCHMARKS)
    add_executable(${name} ${A_SOURCES})
    target_link_libraries(${name} PRIVATE tributary_flags ${A_LINKS} benchmark::benchmark benchmark::benchmark_main)
    add_test(NAME ${name}_smoke_test COMMAND ${name} --benchmark_min_time=0.001)
    list(APPEND A_LABELS once)
    # It ends with 0 also when a benchmark was skipped for an error.
    set_tests_properties(${name}_smoke_test PROPERTIES LABELS "${A_LABELS}" TIMEOUT 300 FAIL_REGULAR_EXPRESSION "ERROR OCCURRED")
  endif()
endfunction()
